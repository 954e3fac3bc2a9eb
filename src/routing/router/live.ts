import type { ModelCard } from '../../contract/model-card.ts'
import type { Live } from './candidate.ts'

/** A delay of this length halves the term. */
const HALVING_MS = 30_000
/** What was measured this long ago counts half: a first answer that waited for its model to load says little of the next. */
const MEASURED_HALF_LIFE_MS = 120_000
/** Whatever fails: while its breaker lets calls through, a model has something left to be found again by. */
const LEAST_WORKED = 0.1
/** What a half-open breaker lets through is a trial. */
const TRIAL = 0.5
/** Tokens of a usual answer: fewer than `max_tokens` mostly allows. */
const USUAL_TOKENS = 256

/** Past this no number makes a difference; infinite ones would make NaN of a score. */
const ENDLESS = 1e12

/** What is not known, negative or no number counts as 0. */
const known = (value: number | null): number => (value !== null && value > 0 ? Math.min(value, ENDLESS) : 0)

/**
 * Milliseconds per token that a speed rating stands for: 10 is 10 ms (100 tokens a second), and every point less takes
 * 1.42 times as long: 5 is 58 ms, 0 is 333 ms.
 */
export const promisedMsPerToken = (speed: number): number => 10 * 1.42 ** (10 - speed)

/** How long a GPU works on an answer of so many tokens: as measured, else as the speed rating promises. */
export const expectedSeconds = (card: ModelCard, live: Live, tokens: number): number =>
  (tokens * (known(live.ms_per_token) || promisedMsPerToken(card.speed))) / 1000

/**
 * How much later an answer comes than the card promises, in ms: waiting for a permit, and slower than its rating. The second halves
 * with every two minutes without an answer, so that a model which was slow once is asked again.
 */
export function delayMs({ speed }: ModelCard, live: Live, max_tokens: number): number {
  const tokens = Math.min(max_tokens, USUAL_TOKENS)
  const measured = known(live.ms_per_token) * tokens || known(live.latency_ms)
  const late = measured === 0 ? 0 : Math.max(0, measured - promisedMsPerToken(speed) * tokens)
  return known(live.wait_ms) + late * 0.5 ** (known(live.measured_ago_ms) / MEASURED_HALF_LIFE_MS)
}

/**
 * How good a model is now, measured by its card: 1, or what is not known yet, is as good; 0 is of no use.
 * `max(0.1, 1 − error_rate) × 30 s / (30 s + delay)`, and half of that while its breaker tries it out.
 */
export function liveTerm(card: ModelCard, live: Live, max_tokens: number): number {
  const worked = Math.max(LEAST_WORKED, 1 - known(live.error_rate))
  const in_time = HALVING_MS / (HALVING_MS + delayMs(card, live, max_tokens))
  return worked * in_time * (live.breaker === 'half_open' ? TRIAL : 1)
}

import { performance } from 'node:perf_hooks'
import { MODEL_TIERS } from '../../src/contract/model-card.ts'
import { RouteQuestion } from '../../src/contract/routing.ts'
import { TASK_TYPES } from '../../src/contract/task-type.ts'
import { resolveCard } from '../../src/routing/cards/resolve.ts'
import { type Candidate, UNKNOWN } from '../../src/routing/router/candidate.ts'
import { decide } from '../../src/routing/router/decide.ts'
import { quantile } from '../stats.ts'

const WARM_UP = 300

/** Models of every tier, price and kind; a few are gated. */
export function manyCandidates(count: number): Candidate[] {
  return Array.from({ length: count }, (_, at) => ({
    card: resolveCard({
      id: `model-${at}`,
      served_model: `served-${at}`,
      context_window: 2048 << (at % 5),
      card: {
        tier: MODEL_TIERS[at % MODEL_TIERS.length],
        speed: at % 11,
        quality: (at * 7) % 11,
        strengths: [TASK_TYPES[at % TASK_TYPES.length] ?? 'SIMPLE'],
        weaknesses: [TASK_TYPES[(at + 3) % TASK_TYPES.length] ?? 'SIMPLE'],
        price: at % 3 === 0 ? { gpu_second: 0.001 } : { input: at % 5, output: at % 15 },
      },
    }),
    off: null,
    live: { ...UNKNOWN, wait_ms: at % 700, latency_ms: 500 + (at % 900), error_rate: (at % 10) / 50 },
  }))
}

export interface Micros {
  p50: number
  p99: number
}

/** How long one decision over so many models takes, in microseconds. */
export function measureDecide(models: number, rounds: number): Micros {
  const candidates = manyCandidates(models)
  const policy = { phi_egress: true, routing: {}, tools: ['answer', 'search'] }
  const questions = TASK_TYPES.map((type, at) =>
    RouteQuestion.parse({
      classification: { type, confidence: 0.6, distribution: { [type]: 0.6, SIMPLE: 0.2 }, complexity: at / 8 },
      prompt_tokens: 300,
      max_tokens: 512,
    }),
  )
  const ask = (round: number): number => {
    const began = performance.now()
    decide(questions[round % questions.length] as RouteQuestion, candidates, policy)
    return (performance.now() - began) * 1000
  }
  for (let round = 0; round < WARM_UP; round++) ask(round)
  const taken = Array.from({ length: rounds }, (_, round) => ask(round))
  return { p50: quantile(taken, 0.5), p99: quantile(taken, 0.99) }
}

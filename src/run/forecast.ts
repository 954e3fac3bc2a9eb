import { entry } from './entry.ts'

/** Weight of the newest answer in a moving average. */
const SMOOTHING = 0.1

/** Stands in for the time of a token while no answer of any kind has come: only the proportions between tasks matter then. */
const UNKNOWN_MS_PER_TOKEN = 10

interface Average {
  latency_ms: number
  /** Completion tokens; null while no server has reported any. */
  tokens: number | null
  /** False while only calls were seen that were given up. */
  answered: boolean
  /** When the last one was taken in, on the clock of the forecast. */
  at: number
}

const mix = (average: number, latest: number): number => average + SMOOTHING * (latest - average)

/** What a plan's tasks will probably take, in plan order, in ms. */
export interface Works {
  /** 0 where nothing is known. */
  expected: Float64Array
  /** For ordering tasks among each other: never 0. */
  weights: Float64Array
}

type Work = { agent_type: string; planned_model: string; max_tokens: number }

const noModels = () => new Map<string, Average>()

function mixIn(
  models: Map<string, Average>,
  model: string,
  latency_ms: number,
  tokens: number | null,
  whole: boolean,
  at: number,
): void {
  const known = models.get(model)
  // It would have taken at least that: known already.
  if (!whole && latency_ms <= (known?.latency_ms ?? 0)) return
  // The first answer says more than all that never came.
  if (known === undefined || (whole && !known.answered)) {
    models.set(model, { latency_ms, tokens, answered: whole, at })
    return
  }
  known.at = at
  known.latency_ms = mix(known.latency_ms, latency_ms)
  if (tokens !== null) known.tokens = known.tokens === null ? tokens : mix(known.tokens, tokens)
}

/** What an agent's calls to a model take, learnt from its answers as exponential moving averages. */
export class Forecast {
  readonly #agents = new Map<string, Map<string, Average>>()
  /** Over all agents of a model: what is known of a call by an agent that has not been heard of yet. */
  readonly #models = new Map<string, Average>()
  readonly #now: () => number

  /** `now`: milliseconds that never go back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Takes in an answer, or a call that was given up after so long: it would have taken at least that. */
  learn(agent: string, model: string, latency_ms: number, tokens: number | null, whole: boolean): void {
    const at = this.#now()
    mixIn(this.#models, model, latency_ms, tokens, whole, at)
    mixIn(entry(this.#agents, agent, noModels), model, latency_ms, tokens, whole, at)
  }

  /**
   * What such a call will probably take in ms; null while nothing is known. One that may write fewer tokens than the agent
   * usually does takes that much less.
   */
  expectedMs(agent: string, model: string, max_tokens: number): number | null {
    const average = this.#agents.get(agent)?.get(model) ?? this.#models.get(model)
    if (average === undefined) return null
    const { latency_ms, tokens } = average
    return tokens !== null && max_tokens < tokens ? (latency_ms * max_tokens) / tokens : latency_ms
  }

  /** Of a usual call to a model, whoever asks, in ms; null while nothing is known. */
  usualMs(model: string): number | null {
    return this.#models.get(model)?.latency_ms ?? null
  }

  /** The same per token that it writes; null where its server does not count. */
  msPerToken(model: string): number | null {
    const average = this.#models.get(model)
    return average === undefined || !average.tokens ? null : average.latency_ms / average.tokens
  }

  /** How long ago the last call to a model was that this rests on, in ms; null while nothing is known. */
  measuredAgoMs(model: string): number | null {
    const average = this.#models.get(model)
    return average === undefined ? null : this.#now() - average.at
  }

  /** What is expected of every task of a plan, on the models that its agents are pinned to. */
  worksOf(tasks: readonly Work[]): Works {
    const expected = new Float64Array(tasks.length)
    const weights = new Float64Array(tasks.length)
    for (const [index, { agent_type, planned_model, max_tokens }] of tasks.entries()) {
      const known = this.expectedMs(agent_type, planned_model, max_tokens)
      expected[index] = known ?? 0
      weights[index] = known ?? max_tokens * UNKNOWN_MS_PER_TOKEN
    }
    return { expected, weights }
  }
}

import type { Classification, Prefer, RoutingDecision } from '../contract/routing.ts'
import type { ExecuteOptions } from '../contract/service.ts'
import type { OptimizeFor, SuperviseRequest, SuperviseStep } from '../contract/supervise.ts'
import type { Note, Work } from '../routing/orchestrator/work.ts'
import type { Done } from './one-task.ts'
import type { Defaults } from './port.ts'

/** Share of the time that the orchestrator model and its tools may take: the rest is left for the router. */
const ORCHESTRATED_SHARE = 2 / 3

const PREFERS: Readonly<Record<OptimizeFor, Prefer>> = {
  balanced: 'balanced',
  cost: 'cost',
  speed: 'speed',
  accuracy: 'quality',
}

/** What a caller asked for, with the defaults filled in. */
export interface Wishes {
  prefer: Prefer
  prefer_local: boolean
  phi: boolean
}

/** What was made, and by whom. */
export interface Made {
  done: Done
  routing: RoutingDecision | null
}

/** One task on its way to an answer: what is known, spent and left of it. */
export class Errand {
  readonly request: SuperviseRequest
  readonly options: ExecuteOptions
  readonly classification: Classification
  readonly wishes: Wishes
  readonly max_turns: number
  readonly max_cost: number
  readonly trace: SuperviseStep[] = []
  readonly models_used: string[] = []
  readonly thoughts: string[] = []
  /** By tool: its models in the order in which they were first offered, so that an alias never changes its model. */
  readonly aliases = new Map<string, string[]>()
  /** By tool: what the router said of its work when it was last offered. */
  readonly decisions = new Map<string, RoutingDecision>()
  /** `tool model` of calls that came to nothing: they are not offered again. */
  readonly failed = new Set<string>()
  turns = 0
  spent = 0
  simulated = false
  readonly #documents: string[]
  readonly #notes: Note[] = []
  readonly #t0 = performance.now()
  readonly #timeoutMs: number

  constructor(request: SuperviseRequest, options: ExecuteOptions, classification: Classification, defaults: Defaults) {
    this.request = request
    this.options = options
    this.classification = classification
    const { optimize_for = defaults.optimize_for, prefer_local = defaults.prefer_local, phi } = request
    this.wishes = { prefer: PREFERS[optimize_for], prefer_local, phi }
    this.max_turns = Math.min(request.max_turns ?? defaults.max_turns, defaults.max_turns)
    this.max_cost = Math.min(request.max_cost ?? defaults.max_cost, defaults.max_cost)
    this.#timeoutMs = Math.min(request.timeout_ms ?? defaults.timeout_ms, defaults.timeout_ms)
    this.#documents = [...new Set(request.context)]
  }

  get work(): Work {
    return { problem: this.request.task, documents: this.#documents, notes: this.#notes }
  }

  get cancelled(): boolean {
    return this.options.cancel?.cancelled === true
  }

  get elapsed_ms(): number {
    return performance.now() - this.#t0
  }

  /** For everything. */
  get left_ms(): number {
    return this.#timeoutMs - this.elapsed_ms
  }

  /** For the orchestrator model and its tools. */
  get orchestrated_left_ms(): number {
    return this.#timeoutMs * ORCHESTRATED_SHARE - this.elapsed_ms
  }

  /** US dollars. */
  get left_cost(): number {
    return Math.max(0, this.max_cost - this.spent)
  }

  /** Counts a call and writes it down. */
  note(step: Omit<SuperviseStep, 'run_id' | 'latency_ms' | 'cost'>, done: Done): void {
    const { run_id, latency_ms, cost, simulated } = done
    this.spent += cost
    this.simulated ||= simulated
    this.trace.push({ ...step, run_id, latency_ms, cost })
  }

  /** A model's text goes into the answer. */
  used(model: string): void {
    if (!this.models_used.includes(model)) this.models_used.push(model)
  }

  learn(note: Note): void {
    this.#notes.push(note)
  }

  /** Adds documents that are not there yet. Returns how many those were. */
  found(documents: readonly string[]): number {
    const fresh = [...new Set(documents)].filter((text) => !this.#documents.includes(text))
    this.#documents.push(...fresh)
    return fresh.length
  }
}

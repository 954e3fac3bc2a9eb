import type { CancelSignal } from '../contract/cancel.ts'
import type { BreakerState, SlotsSource } from '../contract/roster.ts'
import { roundMs } from '../results/round.ts'
import { whyClosed } from './egress.ts'
import { failure } from './failure.ts'
import { type NameLog, Names } from './names.ts'
import type {
  AttemptResult,
  EmbeddingBatch,
  EmbeddingPort,
  EmbeddingRequest,
  Failure,
  Model,
  ModelPort,
  ModelRequest,
} from './port.ts'
import { type ProbeLog, probe } from './probe.ts'
import { ModelServer, type ModelServerParts } from './server.ts'
import { watch } from './watch.ts'

export interface ServerView {
  reachable: boolean | null
  /** As of ModelServer. */
  shunned: boolean
  breaker: BreakerState
  last_latency_ms: number | null
  slots_source: SlotsSource
  served_slots: number | null
  /** Share of its calls that failed lately, 0 to 1, fading with time; null before the first. */
  error_rate: number | null
  /** Tokens per slot that calls are held to; null when nobody says. */
  context_window: number | null
}

/** Counted since the start. */
export interface Noticed {
  /** Calls sent again because the server had closed the idle connection. */
  reconnects: number
  /** Answers that had begun when the time of their call was over. */
  late: number
  /** Answers that nobody had asked for. */
  duplicate: number
}

export interface ServersOptions {
  breaker_cooldown_ms: number
  /** Told once per server and finding. */
  log: (finding: Parameters<ProbeLog>[0] | Parameters<NameLog>[0]) => void
  /** Hears when the slots of a server turn out to be others than before. */
  onSlots?: (model: string, slots: number) => void
  /** Hears of every change of state of a breaker. */
  onBreaker?: (model: string, state: BreakerState) => void
  /** OLLAMA_NUM_PARALLEL. @default null, not set */
  ollama_parallel?: number | null
  /** @default the names of this machine and its DNS */
  names?: Names
  /** Time for one look at a server in ms. @default 2000 */
  probe_patience_ms?: number
  /** Pause between two looks at a server in ms. @default 10000 */
  probe_interval_ms?: number
  /** For breakers and what fades with time: milliseconds that never go back. @default performance.now() */
  now?: () => number
}

/** All model servers of the roster behind the model port and the embedding port. Opens in `start`, ends everything in `close`. */
export class ModelServers implements ModelPort, EmbeddingPort {
  readonly #servers: ReadonlyMap<string, ModelServer>
  readonly #options: ServersOptions
  readonly #names: Names
  #unwatch: (() => void)[] = []
  #closed = false
  /** What ends with us says nothing about a server. */
  readonly #log: ServersOptions['log'] = (finding) => {
    if (!this.#closed) this.#options.log(finding)
  }

  constructor(models: Iterable<Model>, options: ServersOptions) {
    this.#options = options
    this.#names = options.names ?? new Names({ log: this.#log })
    const all = [...models]
    this.#servers = new Map(
      all.map((model) => {
        const onChange = (reachable: boolean) =>
          this.#log({ model: model.id, finding: reachable ? 'reachable' : 'unreachable' })
        const models_here = all.filter(({ url }) => url === model.url).length
        const onBreaker = (state: BreakerState) => this.#options.onBreaker?.(model.id, state)
        const { now } = options
        const parts: ModelServerParts = {
          ...{ onChange, onBreaker, models_here, lookup: this.#names.lookup },
          ...(now && { now }),
        }
        return [model.id, new ModelServer(model, options.breaker_cooldown_ms, parts)]
      }),
    )
  }

  call(model: Model, request: ModelRequest, cancel: CancelSignal): Promise<AttemptResult> {
    const reason = whyClosed(model, request.phi ?? true)
    if (reason !== null) return Promise.resolve(failure('egress_refused', 0, { message: reason }))
    return (this.#servers.get(model.id) as ModelServer).call(request, cancel)
  }

  embed(model: Model, request: EmbeddingRequest, cancel: CancelSignal): Promise<EmbeddingBatch | Failure> {
    const reason = whyClosed(model, request.phi ?? true)
    if (reason !== null) return Promise.resolve(failure('egress_refused', 0, { message: reason }))
    return (this.#servers.get(model.id) as ModelServer).embed(request, cancel)
  }

  /** Whether calls to a server of the roster go out as usual. */
  works(id: string): boolean {
    return (this.#servers.get(id) as ModelServer).breaker === 'closed'
  }

  /** What was noticed on the connections to a server and changed no result. */
  noticed(id: string): Noticed {
    const { reconnects, ignored } = (this.#servers.get(id) as ModelServer).client
    return { reconnects, late: ignored.late, duplicate: ignored.duplicate }
  }

  /** What is known now of a server of the roster. */
  view(id: string): ServerView {
    const server = this.#servers.get(id) as ModelServer
    const { reachable, isShunned, breaker, lastLatencyMs, errorRate, slots, client } = server
    return {
      reachable,
      shunned: isShunned,
      breaker,
      last_latency_ms: lastLatencyMs === null ? null : roundMs(lastLatencyMs),
      error_rate: errorRate,
      slots_source: slots.source,
      served_slots: slots.told?.count ?? null,
      context_window: client.window,
    }
  }

  /** Looks at every server now and then again and again; does not wait for the answers and keeps no process alive. */
  start(): void {
    const { probe_interval_ms = 10_000 } = this.#options
    // A model that is off is not even asked whether it is there.
    const open = [...this.#servers.values()].filter(({ model }) => (model.off ?? null) === null)
    this.#unwatch = open.map((server) => watch(() => this.#look(server), probe_interval_ms))
  }

  async #look(server: ModelServer): Promise<void> {
    const { onSlots, ollama_parallel = null, probe_patience_ms = 2000 } = this.#options
    const before = server.slots.count
    await probe(server, { log: this.#log, ollama_parallel, patience_ms: probe_patience_ms })
    const { count } = server.slots
    if (!this.#closed && count !== before) onSlots?.(server.model.id, count)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const unwatch of this.#unwatch) unwatch()
    this.#names.close()
    await Promise.all([...this.#servers.values()].map((server) => server.client.close()))
  }
}

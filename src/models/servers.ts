import type { CancelSignal } from '../contract/cancel.ts'
import type { BreakerState } from '../contract/roster.ts'
import { roundMs } from '../results/round.ts'
import type { AttemptResult, Model, ModelPort, ModelRequest } from './port.ts'
import { type ProbeLog, probe } from './probe.ts'
import { ModelServer } from './server.ts'

export interface ServerView {
  reachable: boolean | null
  breaker: BreakerState
  last_latency_ms: number | null
}

export interface ServersOptions {
  breaker_cooldown_ms: number
  /** Told once per server and finding. */
  log: ProbeLog
  /** Pause between two looks at a server in ms. @default 10000 */
  probe_interval_ms?: number
}

/** All model servers of the roster behind the model port. Opens in `start`, ends everything in `close`. */
export class ModelServers implements ModelPort {
  readonly #servers: ReadonlyMap<string, ModelServer>
  readonly #options: ServersOptions
  #timer: NodeJS.Timeout | null = null
  #closed = false
  /** What ends with us says nothing about a server. */
  readonly #log: ProbeLog = (finding) => {
    if (!this.#closed) this.#options.log(finding)
  }

  constructor(models: Iterable<Model>, options: ServersOptions) {
    this.#options = options
    this.#servers = new Map(
      [...models].map((model) => {
        const changed = (reachable: boolean) =>
          this.#log({ model: model.id, finding: reachable ? 'reachable' : 'unreachable' })
        return [model.id, new ModelServer(model, options.breaker_cooldown_ms, changed)]
      }),
    )
  }

  call(model: Model, request: ModelRequest, cancel: CancelSignal): Promise<AttemptResult> {
    return (this.#servers.get(model.id) as ModelServer).call(request, cancel)
  }

  /** How long a server of the roster usually takes to answer, in ms; null before its first answer. */
  usualMs(id: string): number | null {
    return (this.#servers.get(id) as ModelServer).usualMs
  }

  /** What is known now of a server of the roster. */
  view(id: string): ServerView {
    const { reachable, breaker, lastLatencyMs } = this.#servers.get(id) as ModelServer
    return { reachable, breaker, last_latency_ms: lastLatencyMs === null ? null : roundMs(lastLatencyMs) }
  }

  /** Looks at every server now and then again and again; does not wait for the answers and keeps no process alive. */
  start(): void {
    const look = () => {
      for (const server of this.#servers.values()) void probe(server, this.#log)
    }
    look()
    this.#timer = setInterval(look, this.#options.probe_interval_ms ?? 10_000).unref()
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer !== null) clearInterval(this.#timer)
    await Promise.all([...this.#servers.values()].map((server) => server.client.close()))
  }
}

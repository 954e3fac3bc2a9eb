import { Pool } from 'undici'
import { saysUnasked } from './stale.ts'

/** What came that no call waited for, as far as it can be seen: what arrives on a connection we closed is gone unseen. */
export interface Ignored {
  /** Answers that had begun when the time of their call was over. */
  late: number
  /** Second answers, or other bytes, on a connection on which nothing was asked; it is closed. */
  duplicate: number
}

/** The connections to one server, and what happened on them that no single call tells. */
export class Connections {
  readonly pool: Pool
  /** Opened since the start. */
  opened = 0
  /** Times that a call was sent again because the server closed its connection at the moment of sending. */
  reconnects = 0
  readonly ignored: Ignored = { late: 0, duplicate: 0 }
  readonly #told = new WeakSet<Error>()

  constructor(origin: string, options: Omit<Pool.Options, 'pipelining'>) {
    this.pool = new Pool(origin, { ...options, pipelining: 1 })
    this.pool.on('connect', () => {
      this.opened++
    })
    this.pool.on('disconnect', (_origin, _targets, error) => {
      if (saysUnasked(error) && !this.#told.has(error)) this.ignored.duplicate++
    })
  }

  /** Notes an error that a call has been told: it does not concern an idle connection. */
  told(error: Error): void {
    this.#told.add(error)
  }
}

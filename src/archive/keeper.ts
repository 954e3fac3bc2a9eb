import type { Logger } from 'pino'
import { safeError } from '../contract/safe-error.ts'
import type { Store } from '../store/port.ts'
import type { RunRecord } from '../store/records.ts'
import { noteOf, SERVICE } from './notes.ts'

/** Two signs of life may be lost before a run counts as left behind. */
const HEARTBEAT_MS = 3000
const LEFT_BEHIND_MS = 10_000
const LOOK_MS = 1000
const AT_ONCE = 100

export interface KeeperParts {
  store: Store
  /** Id of this process. */
  owner: string
  /** Nobody else can work on this store: what another owner left is orphaned at once. */
  exclusive: boolean
  now: () => number
  log: Logger
  /** Ids of the runs that this process works on. */
  inHand: ReadonlySet<string>
  /** How many more runs this process takes now. */
  room: () => number
  /** Claims a run and works on it. */
  take: (run: RunRecord) => Promise<void>
  cancel: (run_id: string) => void
}

/** Looks after what is accepted and not finished: signs of life, runs that nobody has, decisions that time makes. */
export class Keeper {
  readonly #parts: KeeperParts
  #timer: NodeJS.Timeout | null = null
  #looking: Promise<void> | null = null
  #again = false
  #stopped = false
  #beatAt = 0
  #failing = false

  constructor(parts: KeeperParts) {
    this.#parts = parts
  }

  /** Takes up what an earlier process left, then looks again and again. */
  async start(): Promise<void> {
    const { store, owner, exclusive } = this.#parts
    if (exclusive) {
      const left = await store.unfinished({ limit: 10_000 })
      await this.#takeAll(left.filter((run) => run.owner !== owner && run.owner !== null))
    }
    this.wake()
    this.#timer = setInterval(() => this.wake(), LOOK_MS).unref()
  }

  /** Something may be there to do. */
  wake(): void {
    if (this.#stopped) return
    this.#again = true
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#looking
  }

  async #look(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false
      try {
        await this.#round()
        this.#failing = false
      } catch (error) {
        // The store is away: said once, tried at the next look.
        if (!this.#failing) this.#parts.log.warn({ failure: safeError(error) }, 'looking after stored runs failed')
        this.#failing = true
      }
    }
  }

  async #round(): Promise<void> {
    const { store, owner, now, inHand, cancel, room } = this.#parts
    const at = now()
    if (inHand.size > 0 && performance.now() - this.#beatAt >= HEARTBEAT_MS) {
      await store.heartbeat(owner, at)
      this.#beatAt = performance.now()
    }
    for (const run of await store.unfinished({ owner, limit: 1000 })) {
      if (!inHand.has(run.run_id)) {
        // Its acceptance was committed although the answer to it was lost.
        if (run.created_at < at - LEFT_BEHIND_MS) await this.#takeAll([run])
      } else if (run.cancel_requested_at !== null) cancel(run.run_id)
    }
    const left = await store.unfinished({ untouched_since: at - LEFT_BEHIND_MS, limit: AT_ONCE })
    await this.#takeAll(left.filter((run) => run.owner !== owner))
    await store.expireApprovals(at, AT_ONCE, (_, approval_id) => ({
      ...noteOf(SERVICE, 'approval.expire', '', at),
      object: `approval/${approval_id}`,
    }))
    await store.requeueDecided(at)
    const free = room()
    if (free > 0) await this.#takeAll(await store.unfinished({ owner: null, limit: Math.min(free, AT_ONCE) }))
  }

  async #takeAll(runs: readonly RunRecord[]): Promise<void> {
    for (const run of runs) {
      if (this.#stopped || this.#parts.room() <= 0) return
      await this.#parts.take(run)
    }
  }
}

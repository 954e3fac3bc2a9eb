import type { Logger } from 'pino'
import { safeError } from '../contract/safe-error.ts'
import type { Store } from '../store/port.ts'
import type { RunRecord } from '../store/records.ts'
import { Deserted, type Gone, MOST_UNSEEN_MS } from './deserted.ts'
import { noteOf, SERVICE } from './notes.ts'
import { isPassing } from './patience.ts'
import { SignsOfLife } from './signs-of-life.ts'
import { Stillness } from './stillness.ts'

/** A run of this process that it does not work on: its acceptance may be on its way. */
const DROPPED_MS = 10_000
const LOOK_MS = 1000
/** For what only a broken process or a passing day brings about. Whoever wakes the keeper has it done at once. */
const HOUSEKEEPING_MS = 5000
const AT_ONCE = 100
const MOST_SEEN = 1000
/** Runs are claimed so many at a time: fewer than the store has connections, signs of life need one too. */
const CLAIMS = 4
/** A run that cannot even be begun, because its text does not open for example, is tried again after that long. */
const AILING_MS = 60_000

export interface KeeperParts {
  store: Store
  /** Id of this process. */
  owner: string
  /** Nobody else can work on this store: what another owner left at the start is orphaned at once. */
  exclusive: boolean
  now: () => number
  log: Logger
  /** Ids of the runs that this process works on. */
  inHand: ReadonlySet<string>
  /** How many more runs this process takes now. */
  room: () => number
  gone: Gone
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
  #isWoken = false
  #keptAt = Number.NEGATIVE_INFINITY
  #failing = false
  readonly #signs: SignsOfLife
  readonly #deserted: Deserted
  readonly #dropped = new Stillness(DROPPED_MS, MOST_UNSEEN_MS)
  /** Run ids, with when each may be tried again on the clock of performance.now(). */
  readonly #ailing = new Map<string, number>()

  constructor(parts: KeeperParts) {
    this.#parts = parts
    this.#signs = new SignsOfLife(parts)
    this.#deserted = new Deserted(parts.gone)
  }

  /** Takes up what an earlier process left, then looks again and again. */
  async start(): Promise<void> {
    const { store, owner, exclusive } = this.#parts
    this.#signs.start()
    if (exclusive) {
      await this.#takeAll(await store.unfinished({ others_than: owner, limit: 10_000 }))
    }
    this.wake()
    this.#timer = setInterval(() => this.#lookAgain(), LOOK_MS).unref()
  }

  /** Something may be there to do. */
  wake(): void {
    this.#isWoken = true
    this.#lookAgain()
  }

  #lookAgain(): void {
    if (this.#stopped) return
    this.#again = true
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    await Promise.all([this.#looking, this.#signs.stop()])
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
    await this.#keepHouse(at)
    // Looked at all at once: the store is asked every second, whether or not there is anything to do.
    const most = { held: MOST_SEEN, free: Math.min(Math.max(room(), 0), AT_ONCE) }
    const { ours, others, free } = await store.atWork(owner, most)
    for (const { run_id, cancel_requested_at } of ours)
      if (cancel_requested_at !== null && inHand.has(run_id)) cancel(run_id)
    // Their acceptance was committed although the answer to it was lost, or work on them broke off.
    const dropped = ours.filter(({ run_id }) => !inHand.has(run_id))
    await this.#takeAll(this.#dropped.look(dropped, idOf, ({ epoch }) => `${epoch}`, performance.now()))
    await this.#takeAll(await this.#deserted.look(others, performance.now()))
    await this.#takeAll(free)
  }

  /** Queues what waits for no human any more. */
  async #keepHouse(at: number): Promise<void> {
    const { store } = this.#parts
    if (!this.#isWoken && performance.now() - this.#keptAt < HOUSEKEEPING_MS) return
    this.#isWoken = false
    try {
      await store.expireApprovals(at, AT_ONCE, (_, approval_id) => ({
        ...noteOf(SERVICE, 'approval.expire', '', at),
        object: `approval/${approval_id}`,
      }))
      await store.requeueDecided(at)
      this.#keptAt = performance.now()
    } catch (error) {
      this.#isWoken = true
      throw error
    }
  }

  async #takeAll(runs: readonly RunRecord[]): Promise<void> {
    const waiting = [...runs]
    let trouble: Error | null = null
    let taking = 0
    const takeOn = async () => {
      while (!this.#stopped && trouble === null && this.#parts.room() > taking) {
        const run = waiting.shift()
        if (run === undefined) return
        taking++
        trouble = (await this.#takeOne(run)) ?? trouble
        taking--
      }
    }
    await Promise.all(Array.from({ length: Math.min(CLAIMS, runs.length) }, takeOn))
    if (trouble !== null) throw trouble
  }

  /** Resolves with what would keep the others from being taken too: the store is away. */
  async #takeOne(run: RunRecord): Promise<Error | null> {
    const { run_id } = run
    if ((this.#ailing.get(run_id) ?? 0) > performance.now()) return null
    try {
      await this.#parts.take(run)
      this.#ailing.delete(run_id)
    } catch (error) {
      if (isPassing(error)) return error
      // One run must not keep the others waiting.
      this.#ailing.set(run_id, performance.now() + AILING_MS)
      this.#parts.log.error({ run_id, failure: safeError(error) }, 'a stored run cannot be taken up')
    }
    return null
  }
}

const idOf = ({ run_id }: RunRecord): string => run_id

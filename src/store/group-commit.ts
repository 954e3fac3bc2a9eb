import type { AuditEntry } from './audit/entry.ts'
import type { Db, Work } from './backend.ts'
import { ended } from './ended.ts'
import { StoreError } from './errors.ts'
import { AuditAppender } from './queries/audit.ts'

/** A transaction of more would hold up those who wait behind it. */
const MOST_AT_ONCE = 64
const MOST_WAITING = 10_000
const ONE_BY_ONE: GroupCommitOptions = { sideBySide: false }

interface Waiting {
  tenant: string
  work: Work<unknown>
  lazy: boolean
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/**
 * Runs `body` in one transaction of a lane and commits; throws StoreError when nothing was committed. `lazy`: the commit
 * need not wait for the disk.
 */
export type Transact = <T>(lane: string, lazy: boolean, body: (trx: Db) => Promise<T>) => Promise<T>

export interface GroupCommitOptions {
  /**
   * Begins all units of work of a transaction at once, for a database that is some way off: what each of them finds is
   * as if they had come one after the other in some order. @default false: one ends before the next begins
   */
  sideBySide: boolean
}

/**
 * Group commit: what is written in the same moment shares one transaction, one flush to disk and one lock on the audit
 * chain. Transactions of a lane never overlap, so whoever waits for a write before the next one has them in that order.
 */
export class GroupCommit {
  readonly #transact: Transact
  readonly #laneOf: (tenant: string) => string
  readonly #lanes = new Map<string, Waiting[]>()
  readonly #draining = new Set<Promise<void>>()
  readonly #audit = new AuditAppender()
  readonly #sideBySide: boolean
  #waiting = 0

  constructor(transact: Transact, laneOf: (tenant: string) => string, options: GroupCommitOptions = ONE_BY_ONE) {
    this.#transact = transact
    this.#laneOf = laneOf
    this.#sideBySide = options.sideBySide
  }

  /** Resolves with what the work returned once it is committed. Throws StoreError `unavailable` when too many wait. */
  write<T>(tenant: string, work: Work<T>, lazy = false): Promise<T> {
    if (this.#waiting >= MOST_WAITING)
      return Promise.reject(new StoreError('unavailable', 'Too many writes wait for the database'))
    this.#waiting++
    const name = this.#laneOf(tenant)
    const lane = this.#lanes.get(name)
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { tenant, work, lazy, resolve: resolve as Waiting['resolve'], reject }
      if (lane !== undefined) return void lane.push(waiting)
      this.#lanes.set(name, [waiting])
      const drained = this.#drain(name).finally(() => this.#draining.delete(drained))
      this.#draining.add(drained)
    })
  }

  /** Resolves when everything that was asked for has been answered. */
  async idle(): Promise<void> {
    while (this.#draining.size > 0) await Promise.all(this.#draining)
  }

  async #drain(name: string): Promise<void> {
    // What arrives in this turn of the event loop comes along.
    await new Promise((resolve) => setImmediate(resolve))
    const lane = this.#lanes.get(name) as Waiting[]
    while (lane.length > 0) {
      const batch = lane.splice(0, MOST_AT_ONCE)
      await this.#commit(name, batch)
      this.#waiting -= batch.length
    }
    this.#lanes.delete(name)
  }

  async #commit(name: string, batch: readonly Waiting[]): Promise<void> {
    try {
      const lazy = batch.every((one) => one.lazy)
      const results = await this.#transact(name, lazy, (trx) => this.#performAll(trx, batch))
      batch.forEach(({ resolve }, at) => void resolve(results[at]))
    } catch (error) {
      // One bad unit of work undid its neighbours: each gets its own transaction. A database that is away fails them all.
      const isAway = error instanceof StoreError && error.fault !== 'unstorable'
      if (batch.length === 1 || isAway) for (const { reject } of batch) reject(error)
      else for (const one of batch) await this.#commit(name, [one])
    }
  }

  async #performAll(trx: Db, batch: readonly Waiting[]): Promise<unknown[]> {
    const done = this.#sideBySide ? await besides(trx, batch) : await inTurn(trx, batch)
    const trails = new Map<string, AuditEntry[]>()
    for (const { tenant, trail } of done) trails.set(tenant, [...(trails.get(tenant) ?? []), ...trail])
    // Last, because from here to the commit nobody else can append to these chains.
    for (const [tenant, trail] of trails) await this.#audit.append(trx, tenant, trail)
    return done.map(({ result }) => result)
  }
}

interface Done {
  tenant: string
  result: unknown
  trail: AuditEntry[]
}

async function perform(trx: Db, { tenant, work }: Waiting): Promise<Done> {
  const trail: AuditEntry[] = []
  return { tenant, result: await work(trx, trail), trail }
}

async function inTurn(trx: Db, batch: readonly Waiting[]): Promise<Done[]> {
  const done: Done[] = []
  for (const one of batch) done.push(await perform(trx, one))
  return done
}

const besides = (trx: Db, batch: readonly Waiting[]): Promise<Done[]> => ended(batch.map((one) => perform(trx, one)))

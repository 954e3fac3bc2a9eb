import { Gauge, type Registry } from 'prom-client'
import { STORE_FAULTS, type StoreFault } from '../errors.ts'
import type { Counted } from '../memory/port.ts'
import { NOTHING } from '../store/queries/retention.ts'
import type { Deleted } from '../store/records.ts'
import { Distribution } from './distribution.ts'
import { Tally } from './tally.ts'

const WRITE_SECONDS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10]
const TABLES = Object.keys(NOTHING) as (keyof Deleted)[]
/** Of memories, wherever they are kept. */
const MEMORY_TABLES = { documents: 'memory_documents', passages: 'memory_passages' } as const

/** How the store does. No label holds a tenant, run or caller. */
export class StoreMetrics {
  readonly #writes: Distribution
  readonly #failures: Tally
  readonly #deleted: Tally
  #answers: boolean | null = null
  /** Since a write failed for want of room or because of damage, until one succeeds: reads may go on all the while. */
  #refusesWrites = false
  #oldest: number | null = null

  constructor(prefix: string, registry: Registry, now: () => number = Date.now) {
    this.#writes = new Distribution(
      `${prefix}store_write_seconds`,
      'Writes to the store that succeeded',
      ['operation'],
      WRITE_SECONDS,
      registry,
    )
    this.#failures = new Tally(`${prefix}store_failures_total`, 'Calls to the store that failed', ['fault'], registry)
    this.#deleted = new Tally(`${prefix}retention_deleted_total`, 'Rows deleted for their age', ['table'], registry)
    for (const fault of STORE_FAULTS) this.#failures.at(fault)
    for (const table of [...TABLES, ...Object.values(MEMORY_TABLES)]) this.#deleted.at(table)
    const gauge = (name: string, help: string, read: () => number | null) =>
      new Gauge({
        name: prefix + name,
        help,
        registers: [registry],
        collect() {
          const value = read()
          // No sample says more than a number that nobody knows.
          this.remove()
          if (value !== null) this.set(value)
        },
      })
    gauge('store_up', '1 while the store answers and takes what is written, by the last calls', () =>
      this.#answers === null ? null : Number(this.#answers && !this.#refusesWrites),
    )
    gauge('store_oldest_run_age_seconds', 'How long ago the run ended that ended first', () =>
      this.#oldest === null ? null : Math.max(0, (now() - this.#oldest) / 1000),
    )
  }

  wrote(operation: string, seconds: number): void {
    this.#writes.at(operation).observe(seconds)
  }

  answered(): void {
    this.#answers = true
  }

  /** Something was written for certain. */
  kept(): void {
    this.#refusesWrites = false
  }

  /** `wrote`: it was a call that writes in any case. */
  failed(fault: StoreFault, wrote: boolean): void {
    this.#failures.at(fault).value++
    if (fault === 'unavailable') this.#answers = false
    if (wrote && (fault === 'full' || fault === 'corrupt')) this.#refusesWrites = true
  }

  deleted(counts: Deleted): void {
    for (const table of TABLES) this.#deleted.at(table).value += counts[table]
  }

  deletedMemories(counts: Counted): void {
    for (const [of, table] of Object.entries(MEMORY_TABLES))
      this.#deleted.at(table).value += counts[of as keyof Counted]
  }

  /** When the run ended that ended first, in epoch ms; null when none has. */
  oldestRun(finishedAt: number | null): void {
    this.#oldest = finishedAt
  }
}

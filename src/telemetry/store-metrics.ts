import { Gauge, type Registry } from 'prom-client'
import { STORE_FAULTS, type StoreFault } from '../errors.ts'
import { NOTHING } from '../store/queries/retention.ts'
import type { Deleted } from '../store/records.ts'
import { Distribution } from './distribution.ts'
import { Tally } from './tally.ts'

const WRITE_SECONDS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10]
const TABLES = Object.keys(NOTHING) as (keyof Deleted)[]

/** How the store does. No label holds a tenant, run or caller. */
export class StoreMetrics {
  readonly #writes: Distribution
  readonly #failures: Tally
  readonly #deleted: Tally
  #up: boolean | null = null
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
    for (const table of TABLES) this.#deleted.at(table)
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
    gauge('store_up', '1 while the store answers, by the last call', () =>
      this.#up === null ? null : Number(this.#up),
    )
    gauge('store_oldest_run_age_seconds', 'How long ago the run ended that ended first', () =>
      this.#oldest === null ? null : Math.max(0, (now() - this.#oldest) / 1000),
    )
  }

  wrote(operation: string, seconds: number): void {
    this.#writes.at(operation).observe(seconds)
  }

  answered(): void {
    this.#up = true
  }

  failed(fault: StoreFault): void {
    this.#failures.at(fault).value++
    if (fault === 'unavailable') this.#up = false
  }

  deleted(counts: Deleted): void {
    for (const table of TABLES) this.#deleted.at(table).value += counts[table]
  }

  /** When the run ended that ended first, in epoch ms; null when none has. */
  oldestRun(finishedAt: number | null): void {
    this.#oldest = finishedAt
  }
}

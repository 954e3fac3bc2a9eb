import { Gauge, type Registry } from 'prom-client'
import { Tally } from './tally.ts'

/** What the audit tells of itself. No label: a tenant is nobody's business but its own. */
export class AuditMetrics {
  readonly #entries: Tally
  readonly #sealFailed: Tally
  readonly #noteFailed: Tally
  readonly #broken: Gauge

  constructor(prefix: string, registry: Registry) {
    this.#entries = new Tally(`${prefix}audit_entries_total`, 'Audit entries written by this process', [], registry)
    this.#sealFailed = new Tally(`${prefix}audit_seal_failed_total`, 'Audit heads could not be sealed', [], registry)
    this.#noteFailed = new Tally(`${prefix}audit_note_failed_total`, 'Audit entries not written', [], registry)
    this.#broken = new Gauge({
      name: `${prefix}audit_broken`,
      help: 'Audit chains that their last verification found broken',
      registers: [registry],
    })
    for (const tally of [this.#entries, this.#sealFailed, this.#noteFailed]) tally.at()
    this.#broken.set(0)
  }

  entries(count: number): void {
    this.#entries.at().value += count
  }

  sealFailed(): void {
    this.#sealFailed.at().value++
  }

  noteFailed(): void {
    this.#noteFailed.at().value++
  }

  broken(chains: number): void {
    this.#broken.set(chains)
  }
}

import { Counter, type Registry } from 'prom-client'

interface Total<L extends string> {
  labels: Record<L, string>
  value: number
}

/**
 * A Prometheus counter that is written on the way of every task and read now and then: an increment is one look-up by the
 * joined label values; prom-client, which hashes a label object each time, gets the totals when it is scraped.
 */
export class Tally<L extends string> {
  readonly #labelNames: readonly L[]
  readonly #totals = new Map<string, Total<L>>()

  constructor(name: string, help: string, labelNames: readonly L[], registry: Registry) {
    this.#labelNames = labelNames
    const totals = this.#totals
    new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        this.reset()
        for (const { labels, value } of totals.values()) this.inc(labels, value)
      },
    })
  }

  /** Adds to the series of these label values, in the order of the label names. */
  add(value: number, ...labelValues: readonly string[]): void {
    let key = labelValues[0] ?? ''
    for (let index = 1; index < labelValues.length; index++) key += `\n${labelValues[index]}`
    const total = this.#totals.get(key)
    if (total !== undefined) total.value += value
    else this.#totals.set(key, { labels: this.#name(labelValues), value })
  }

  #name(values: readonly string[]): Record<L, string> {
    return Object.fromEntries(this.#labelNames.map((label, index) => [label, values[index] ?? ''])) as Record<L, string>
  }
}

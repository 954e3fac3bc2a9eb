import { Counter, type Registry } from 'prom-client'
import { Keyed } from './keyed.ts'

/** One series of a counter: add to `value`. */
export interface Total {
  value: number
}

/**
 * A Prometheus counter that is written on the way of every task and read now and then. An increment finds its series by
 * its label values and adds to a number; prom-client, which hashes a label object each time, gets the totals on a scrape.
 */
export class Tally {
  readonly #series: Keyed<Total>

  constructor(name: string, help: string, labelNames: readonly string[], registry: Registry) {
    const all: { labels: Record<string, string>; total: Total }[] = []
    this.#series = new Keyed((...values) => {
      const labels = Object.fromEntries(labelNames.map((label, index) => [label, values[index] ?? '']))
      const total = { value: 0 }
      all.push({ labels, total })
      return total
    })
    new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        this.reset()
        for (const { labels, total } of all) this.inc(labels, total.value)
      },
    })
  }

  /** The series of these label values, in the order of the label names. */
  at(...values: string[]): Total {
    return this.#series.get(...values)
  }
}

import type { Metric, Registry } from 'prom-client'
import { Keyed } from './keyed.ts'

/** One series of a histogram. */
export class Observations {
  readonly #bounds: readonly number[]
  readonly counts: number[]
  sum = 0
  count = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.counts = bounds.map(() => 0)
  }

  observe(value: number): void {
    this.sum += value
    this.count++
    for (let index = 0; index < this.#bounds.length; index++)
      if (value <= (this.#bounds[index] as number)) {
        this.counts[index] = (this.counts[index] as number) + 1
        return
      }
  }
}

interface Sample {
  metricName: string
  labels: Record<string, string | number>
  value: number
}

/**
 * A Prometheus histogram like prom-client's, in prom-client's registry, in which an observation is a look-up
 * and a few additions instead of hashing a label object. Values in the metric's own unit.
 */
export class Distribution {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly labelNames: readonly string[]
  readonly #bounds: readonly number[]
  readonly #keyed: Keyed<Observations>
  readonly #series: { labels: Record<string, string>; observations: Observations }[] = []

  constructor(
    name: string,
    help: string,
    labelNames: readonly string[],
    bounds: readonly number[],
    registry: Registry,
  ) {
    this.name = name
    this.help = help
    this.#bounds = bounds
    this.labelNames = labelNames
    this.#keyed = new Keyed((...values) => {
      const labels = Object.fromEntries(labelNames.map((label, index) => [label, values[index] ?? '']))
      const observations = new Observations(bounds)
      this.#series.push({ labels, observations })
      return observations
    })
    // The registry asks a metric for its name and its samples, and for nothing else.
    registry.registerMetric(this as unknown as Metric)
  }

  /** The series of these label values, in the order of the label names. */
  at(...values: string[]): Observations {
    return this.#keyed.get(...values)
  }

  /** What the registry reads: cumulative buckets, sum and count of every series. */
  async get() {
    const { name, help, type, aggregator } = this
    return { name, help, type, aggregator, values: this.#series.flatMap((series) => this.#samples(series)) }
  }

  #samples({ labels, observations }: { labels: Record<string, string>; observations: Observations }): Sample[] {
    const { counts, sum, count } = observations
    let below = 0
    const buckets = this.#bounds.map((le, index): Sample => {
      below += counts[index] as number
      return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: below }
    })
    return [
      ...buckets,
      { metricName: `${this.name}_bucket`, labels: { le: '+Inf', ...labels }, value: count },
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ]
  }
}

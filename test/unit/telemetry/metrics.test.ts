import { Histogram, Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { Distribution } from '../../../src/telemetry/distribution.ts'
import { Tally } from '../../../src/telemetry/tally.ts'

const BOUNDS = [0.1, 1, 10]
const VALUES = [0.05, 0.1, 0.5, 1, 5, 10, 50]

describe('a distribution', () => {
  it('is scraped exactly as prom-client’s own histogram of the same observations', async () => {
    const [ours, theirs] = [new Registry(), new Registry()]
    const distribution = new Distribution('x_seconds', 'Help', ['model', 'status'], BOUNDS, ours)
    const histogram = new Histogram({
      name: 'x_seconds',
      help: 'Help',
      labelNames: ['model', 'status'],
      buckets: BOUNDS,
      registers: [theirs],
    })
    for (const [index, value] of VALUES.entries()) {
      const model = `m${index % 2}`
      distribution.at(model, 'ok').observe(value)
      histogram.observe({ model, status: 'ok' }, value)
    }
    expect(await ours.metrics()).toBe(await theirs.metrics())
  })
})

describe('a tally', () => {
  it('shows each series with its labels and total, from 0 on', async () => {
    const registry = new Registry()
    const tally = new Tally('x_total', 'Help', ['from', 'to'], registry)
    tally.at('a', 'b')
    tally.at('b', 'a').value += 2
    tally.at('b', 'a').value++
    const text = await registry.metrics()
    expect(text).toContain('x_total{from="a",to="b"} 0')
    expect(text).toContain('x_total{from="b",to="a"} 3')
    expect(await registry.metrics()).toBe(text)
  })
})

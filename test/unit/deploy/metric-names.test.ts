import type { Counter } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { expressionsOfDashboard, metricNamesIn, type RuleFile, rulesOf, selectorsIn } from './metric-names.ts'
import { read, readYaml } from './project.ts'

describe('reading metric names out of PromQL', () => {
  test.each([
    ['sum by (le) (rate(consilium_a_seconds_bucket{x="y"}[5m]))', ['consilium_a_seconds_bucket']],
    ['consilium_b / on (gpu) consilium_a', ['consilium_a', 'consilium_b']],
    ['consilium_a + consilium_a offset 15m', ['consilium_a']],
    ['label_values(consilium_lane_slots, model)', ['consilium_lane_slots']],
    ['process_resident_memory_bytes{job="consilium"}', ['process_resident_memory_bytes']],
    ['up{job="consilium_x"} == 0 or absent(up)', []],
    ['ALERTS{alertname=~"consilium_x"}', []],
    ['rate(http_requests_total[5m])', []],
  ])('%s', (expr, names) => {
    expect(metricNamesIn(expr)).toEqual(names)
  })
  test('reads the labels that selectors match', () => {
    expect(selectorsIn('rate(a_total{x="1",y=~"b|c"}[5m]) / b{z!="d"} / c')).toEqual([
      { metric: 'a_total', labels: ['x', 'y'] },
      { metric: 'b', labels: ['z'] },
    ])
  })
})

describe('every label that dashboard and rules select by is one of the metric', () => {
  const { registry } = new Metrics({
    lanes: [],
    gpus: [],
    queueDegraded: () => null,
    breakerOpen: () => false,
    estimatedWaitMs: () => 0,
    noticed: () => ({ reconnects: 0, late: 0, duplicate: 0 }),
    workflows: [],
    version: '0.0.0',
  })
  const labelsOf = (series: string): readonly string[] | undefined => {
    const metric =
      registry.getSingleMetric(series.replace(/_(bucket|sum|count)$/, '')) ?? registry.getSingleMetric(series)
    return (metric as (Counter & { labelNames: string[] }) | undefined)?.labelNames
  }
  const expressions = [
    ...expressionsOfDashboard(JSON.parse(read('deploy/grafana/dashboards/consilium.json'))),
    ...rulesOf(readYaml<RuleFile>('deploy/prometheus/alerts.yml')).map(({ expr }) => expr),
  ]
  const selectors = expressions.flatMap(selectorsIn).filter(({ metric }) => metric.startsWith('consilium_'))

  test.each(selectors)('$metric by $labels', ({ metric, labels }) => {
    // Prometheus adds job and instance to what it scrapes.
    const known = [...(labelsOf(metric) ?? []), 'job', 'instance']
    expect(labels.filter((label) => !known.includes(label))).toEqual([])
  })
})

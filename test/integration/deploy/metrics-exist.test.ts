import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../../../src/app.ts'
import { parseConfig } from '../../../src/config.ts'
import { createLogger } from '../../../src/telemetry/log.ts'
import { workflows } from '../../../workflows/index.ts'
import { expressionsOfDashboard, metricNamesIn, type RuleFile, rulesOf } from '../../unit/deploy/metric-names.ts'
import { read, readYaml } from '../../unit/deploy/project.ts'

/** Every series name that the text of `/metrics` announces, before any run has been counted. */
function seriesIn(metrics: string): Set<string> {
  const types = [...metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name as string, type] as const)
  return new Set(
    types.flatMap(([name, type]) =>
      type === 'histogram'
        ? [`${name}_bucket`, `${name}_sum`, `${name}_count`]
        : type === 'summary'
          ? [name, `${name}_sum`, `${name}_count`]
          : [name],
    ),
  )
}

describe('what the dashboard and the alert rules ask for is what the service tells', () => {
  let exposed: Set<string>
  let close: () => Promise<void>

  beforeAll(async () => {
    const config = parseConfig({
      NODE_ENV: 'test',
      LOG_LEVEL: 'silent',
      DATA_DIR: ':memory:',
      JWT_SECRET: 'a secret of this test, 32 bytes long',
    })
    const app = await buildApp(config, { workflows, log: createLogger(config.logLevel) })
    close = () => app.close()
    const answer = await app.inject({ url: '/metrics' })
    expect(answer.statusCode).toBe(200)
    exposed = seriesIn(answer.body)
  })
  afterAll(() => close())

  test('the service exposes its metrics', () => {
    expect(exposed).toContain('consilium_workflow_runs_total')
    expect(exposed).toContain('consilium_workflow_duration_seconds_bucket')
    expect(exposed).not.toContain('consilium_workflow_duration_seconds')
  })
  test.each(expressionsOfDashboard(JSON.parse(read('deploy/grafana/dashboards/consilium.json'))))(
    'dashboard: %s',
    (expr) => {
      expect(metricNamesIn(expr).filter((name) => !exposed.has(name))).toEqual([])
    },
  )
  test.each(rulesOf(readYaml<RuleFile>('deploy/prometheus/alerts.yml')).map(({ alert, expr }) => [alert, expr]))(
    'alert %s',
    (_, expr) => {
      expect(metricNamesIn(expr).filter((name) => !exposed.has(name))).toEqual([])
    },
  )
})

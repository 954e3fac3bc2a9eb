import { describe, expect, test } from 'vitest'
import { type RuleFile, rulesOf } from './metric-names.ts'
import { readYaml } from './project.ts'

interface RuleTests {
  tests: { name: string; promql_expr_test: { expr: string; exp_samples: { labels: string }[] }[] }[]
}

const rules = rulesOf(readYaml<RuleFile>('deploy/prometheus/alerts.yml'))
const cases = [
  'alerts.test.yml',
  'alerts-runs.test.yml',
  'alerts-models.test.yml',
  'alerts-store.test.yml',
  'alerts-audit.test.yml',
].flatMap((file) => readYaml<RuleTests>(`deploy/prometheus/${file}`).tests)
const scrapes = readYaml<{
  scrape_configs: { job_name: string; dns_sd_configs?: { names: string[]; port: number }[] }[]
}>('deploy/prometheus/prometheus.yml').scrape_configs

describe.each(rules.map((rule) => [rule.alert, rule] as const))('the alert %s', (alert, rule) => {
  test('says how bad it is, what happened and what to do first', () => {
    expect(['critical', 'warning']).toContain(rule.labels.severity)
    expect(rule.annotations.summary.length).toBeLessThan(80)
    expect(rule.annotations.description).toMatch(/ First: /)
  })
  test('is shown firing and silent by a rule test', () => {
    const own = cases.filter(({ name }) => name.startsWith(`${alert} `))
    expect(own.some(({ promql_expr_test }) => promql_expr_test.some(({ exp_samples }) => exp_samples.length > 0))).toBe(
      true,
    )
    expect(own.map(({ name }) => name).join()).toMatch(/ is silent /)
  })
})

describe('the rules as a whole', () => {
  test('have one name each', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  })
  test('every rule test is about a rule that exists, and asks for that one', () => {
    for (const { name, promql_expr_test } of cases) {
      const alert = name.split(' ')[0]
      expect(rules.map((rule) => rule.alert)).toContain(alert)
      for (const { expr } of promql_expr_test) expect(expr).toContain(`alertname="${alert}"`)
    }
  })
  test('the job that they select is the one that Prometheus scrapes', () => {
    const jobs = new Set(rules.flatMap(({ expr }) => [...expr.matchAll(/job="([^"]+)"/g)].map(([, job]) => job)))
    const job = scrapes.find(({ job_name }) => jobs.has(job_name))
    expect(jobs.size).toBe(1)
    expect(job?.dns_sd_configs?.[0]).toMatchObject({ names: ['consilium', 'replica-1', 'replica-2'], port: 8000 })
  })
})

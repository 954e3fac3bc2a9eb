import { describe, expect, test } from 'vitest'
import { read, readYaml } from './project.ts'

interface Panel {
  id: number
  type: string
  title: string
  description?: string
  datasource?: { uid: string }
  gridPos: { x: number; y: number; w: number; h: number }
  fieldConfig?: { defaults: { unit?: string } }
  targets?: { refId: string; expr: string; datasource: { uid: string } }[]
}

const dashboard: {
  uid: string
  id: null
  schemaVersion: number
  panels: Panel[]
  templating: { list: { name: string; type: string }[] }
} = JSON.parse(read('deploy/grafana/dashboards/consilium.json'))
const { panels } = dashboard
const charts = panels.filter(({ type }) => type !== 'row')

const overlap = ({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

describe('the Grafana dashboard', () => {
  test('can be imported again without making a second one', () => {
    expect(dashboard).toMatchObject({ uid: 'consilium', id: null })
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39)
  })
  test('has its rows in the order in which a problem is looked for', () => {
    expect(panels.filter(({ type }) => type === 'row').map(({ title }) => title)).toEqual([
      'Runs and errors',
      'Speed-up and efficiency',
      'Per-agent latency',
      'GPUs and lanes',
      'Tokens',
      'Fallbacks, attempts and breakers',
      'Service',
    ])
  })
  test('gives every panel an id of its own', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  })
  test('lays no panel over another, nor beyond the 24 columns', () => {
    const pairs = panels.flatMap((a, at) => panels.slice(at + 1).map((b) => [a, b] as const))
    expect(pairs.filter(([a, b]) => overlap(a, b)).map(([a, b]) => `${a.title} / ${b.title}`)).toEqual([])
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([])
  })
  test.each(charts.map((panel) => [panel.title, panel] as const))(
    '%s says what it shows, in which unit',
    (_, panel) => {
      expect(panel.description?.length).toBeGreaterThan(40)
      expect(panel.fieldConfig?.defaults.unit).toBeTruthy()
      expect(panel.targets?.length).toBeGreaterThan(0)
      expect(new Set(panel.targets?.map(({ refId }) => refId)).size).toBe(panel.targets?.length)
    },
  )
  test('asks the data source that the reader chose, everywhere', () => {
    const uids = charts.flatMap(({ datasource, targets = [] }) => [
      datasource?.uid,
      ...targets.map((t) => t.datasource.uid),
    ])
    expect(new Set(uids)).toEqual(new Set([`$\{datasource}`]))
  })
  test('uses no variable that it does not define', () => {
    const own = dashboard.templating.list.map(({ name }) => name)
    expect(own).toEqual(['datasource', 'workflow', 'model'])
    const used = charts.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => expr.match(/\$\w+/g) ?? []))
    expect([...new Set(used)].sort()).toEqual(['$__range', '$__rate_interval', '$model', '$workflow'])
  })
  test('is found where the provisioning looks for it, with the data source it starts on', () => {
    const provider = readYaml<{ providers: { options: { path: string } }[] }>(
      'deploy/grafana/provisioning/dashboards/consilium.yml',
    )
    expect(read('docker-compose.yml')).toContain(
      `./deploy/grafana/dashboards:${provider.providers[0]?.options.path}:ro`,
    )
    const source = readYaml<{ datasources: { url: string; type: string }[] }>(
      'deploy/grafana/provisioning/datasources/prometheus.yml',
    )
    expect(source.datasources[0]).toMatchObject({ url: 'http://prometheus:9090', type: 'prometheus' })
  })
})

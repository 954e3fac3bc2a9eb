import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { expressionsOfDashboard } from '../../unit/deploy/metric-names.ts'
import { ROOT, read } from '../../unit/deploy/project.ts'

const PROMTOOL = process.env.PROMTOOL || 'promtool'
const PROMETHEUS = join(ROOT, 'deploy/prometheus')

function promtool(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(PROMTOOL, args, { cwd: PROMETHEUS, encoding: 'utf8' })
  return { status, output: `${stdout ?? ''}${stderr ?? ''}` }
}

const isThere = promtool('--version').status === 0
// Named by hand, it must work: a typing error in PROMTOOL shall not skip the checks.
const isWanted = isThere || Boolean(process.env.PROMTOOL)

describe.skipIf(!isWanted)('promtool', () => {
  test.each([
    ['the alert rules', ['check', 'rules', 'alerts.yml']],
    ['the configuration of Prometheus', ['check', 'config', 'prometheus.yml']],
    [
      'when each alert fires and when it does not',
      [
        'test',
        'rules',
        'alerts.test.yml',
        'alerts-runs.test.yml',
        'alerts-models.test.yml',
        'alerts-store.test.yml',
        'alerts-audit.test.yml',
      ],
    ],
  ])('agrees with %s', (_, args) => {
    const { status, output } = promtool(...args)
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') })
  })
  test('can read every query of the dashboard', () => {
    const folder = mkdtempSync(join(tmpdir(), 'consilium-promtool-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const queries = expressionsOfDashboard(JSON.parse(read('deploy/grafana/dashboards/consilium.json')))
      .filter((expr) => !expr.startsWith('label_values('))
      .map((expr) => expr.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '6h'))
    const rules = queries.map((expr, at) => ({ record: `panel:query:${at}`, expr }))
    const file = join(folder, 'queries.yml')
    writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }))
    const { status, output } = promtool('check', 'rules', file)
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining(`${queries.length} rules found`) })
  })
})

if (!isWanted) console.info('skipped: promtool is not installed and PROMTOOL is not set, alert rules are not checked')

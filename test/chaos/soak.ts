import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Fault } from '../../simulator/faults.ts'
import { freePort } from '../helpers/free-port.ts'
import { createChance } from './chance.ts'
import { Client, SECRET } from './client.ts'
import { inspect } from './inspection.ts'
import { startModels } from './models.ts'
import { Replica } from './replica.ts'
import { numberOf, seedOf } from './settings.ts'
import { growthOf, type Sample, slopeOf } from './slope.ts'

/**
 * T08: one service on SQLite under load and faults of its model servers for SOAK_MINUTES (60). Samples its memory and its
 * handles every ten seconds; exits 1 when the line fitted through one of them after the warm-up rises too much.
 */
const EVERY_MS = 10_000
/** Of the whole time, at least a minute: caches and the compiler fill. */
const WARM_UP = 0.25
const MB = 2 ** 20

interface Measure {
  name: string
  metric: string
  unit: number
  /** What the fitted line may gain over the measured time: this share of the mean, or this much if that is more. */
  share: number
  least: number
}

const MEASURES: readonly Measure[] = [
  { name: 'heap used, MB', metric: 'nodejs_heap_size_used_bytes', unit: MB, share: 0.1, least: 8 },
  { name: 'resident memory, MB', metric: 'process_resident_memory_bytes', unit: MB, share: 0.1, least: 16 },
  { name: 'active handles', metric: 'nodejs_active_handles_total', unit: 1, share: 0.1, least: 8 },
  { name: 'open files', metric: 'process_open_fds', unit: 1, share: 0.1, least: 8 },
]

const FAULTS: readonly Fault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503, retry_after: '1' },
  { kind: 'reset', at: 'request' },
  { kind: 'reset', at: 'body' },
  { kind: 'slow', ms: 1500 },
  { kind: 'hang' },
  { kind: 'hang_body' },
  { kind: 'trickle', interval_ms: 20 },
  { kind: 'malformed' },
  { kind: 'truncated' },
  { kind: 'empty' },
  { kind: 'bad_text', variant: 'invalid_utf8' },
  { kind: 'gzip' },
  { kind: 'huge', megabytes: 4, framing: 'chunked' },
]

async function scrape(origin: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${origin}/metrics`)).text()
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('{'))
      .map((line) => line.split(' '))
      .map(([name = '', value]) => [name, Number(value)]),
  )
}

const seed = seedOf(process.env)
const minutes = numberOf(process.env, 'SOAK_MINUTES', 60)

async function soak(): Promise<boolean> {
  await using closing = new AsyncDisposableStack()
  const chance = createChance(seed)
  const folder = mkdtempSync(join(tmpdir(), 'consilium-soak-'))
  closing.defer(async () => rmSync(folder, { recursive: true, force: true }))
  const models = await startModels(chance.branch(), 2, 1000)
  closing.defer(() => models.close())
  const draws = chance.branch()
  for (const server of models.simulator.servers.values())
    server.setFaults(() => (draws.happens(0.05) ? draws.pick(FAULTS) : null))
  const roster = join(folder, 'roster.json')
  writeFileSync(roster, JSON.stringify(models.simulator.roster))
  const replica = new Replica('the service', await freePort(), {
    JWT_SECRET: SECRET,
    LOG_LEVEL: 'error',
    RATE_LIMIT_MAX: '1000000',
    TASK_TIMEOUT_MS: '5000',
    MODELS_FILE: roster,
    DATA_DIR: join(folder, 'data'),
  })
  replica.start()
  closing.defer(() => replica.close())
  if ((await replica.ready()) === null) throw new Error(`Not ready: ${replica.said}`)
  const client = new Client({ origins: [replica.origin], chance: chance.branch(), workers: 6 })
  client.start()

  const samples = new Map<string, Sample[]>(MEASURES.map(({ metric }) => [metric, []]))
  const began = performance.now()
  const seconds = () => (performance.now() - began) / 1000
  while (seconds() < minutes * 60 && replica.pid !== undefined) {
    await pause(EVERY_MS)
    const at = seconds()
    const scraped = await scrape(replica.origin)
    for (const { metric, unit } of MEASURES) {
      const value = scraped.get(metric)
      if (value === undefined) throw new Error(`/metrics lacks ${metric}`)
      samples.get(metric)?.push({ at, value: value / unit })
    }
  }
  await client.stop()
  const open = await client.settle(60_000)
  const { broken, audit_ok, audit_entries } = await inspect(replica.origin, client)

  const from = Math.max(60, minutes * 60 * WARM_UP)
  console.log(`CHAOS_SEED=${seed}, ${minutes} minutes, the first ${Math.round(from)} s not counted\n`)
  console.log('| what | first | last | per hour | gained by the fitted line | allowed |\n|---|---|---|---|---|---|')
  let flat = true
  for (const { name, metric, share, least } of MEASURES) {
    const counted = (samples.get(metric) ?? []).filter(({ at }) => at >= from)
    const mean = counted.reduce((sum, { value }) => sum + value, 0) / counted.length
    const [gained, allowed] = [growthOf(counted), Math.max(mean * share, least)]
    if (counted.length < 2 || gained > allowed) flat = false
    const numbers = [counted[0]?.value, counted.at(-1)?.value, slopeOf(counted) * 3600, gained, allowed]
    const cells = numbers.map((value) => value?.toFixed(1) ?? '–')
    console.log(`| ${name} | ${cells.join(' | ')} |`)
  }
  const wrong = [...client.broken, ...broken, ...replica.crashes, ...open.map(({ run_id }) => `${run_id} has no end`)]
  if (!audit_ok) wrong.push('the audit does not verify')
  const { sent, failed, acknowledged } = client
  console.log(
    `\n${sent} requests, ${acknowledged.size} runs acknowledged, ${failed} failed by their models, ${audit_entries} audit entries`,
  )
  console.log(`memory and handles ${flat ? 'flat' : 'GROW'}; ${wrong.length} promises broken`)
  for (const line of wrong.slice(0, 20)) console.log(line)
  return flat && wrong.length === 0
}

// Who interrupts it leaves no process behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
if (!(await soak())) process.exitCode = 1

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureAuditVerify } from './audit.ts'
import bounds from './bounds.json' with { type: 'json' }
import { measureDbosStep, measureStepOnPostgres, measureStepOnSqlite } from './durable-step.ts'
import { measureLatency, scenarios } from './latency.ts'
import { measureMemory } from './memory.ts'
import { measureOverhead, measureThroughput } from './overhead.ts'
import { measureOverload } from './overload.ts'
import { hasPostgres, withDatabase } from './postgres.ts'
import { BenchProcess } from './process.ts'
import { measureDispatch } from './queue.ts'
import { measureAutoOverhead } from './routing/auto-overhead.ts'
import { measureChoiceAlone } from './routing/choice-time.ts'
import { compareRouting, tableLines } from './routing/compare.ts'
import { costRows } from './routing/cost-rows.ts'
import { compareOverHttp, measureSchedule, policyLines } from './schedule.ts'
import { measureStart } from './start.ts'
import { type JournalCost, measureJournal } from './store.ts'
import { measureFairness, measureNoisyTenant } from './tenants.ts'

/**
 * Prints every ratio of bounds.json with its bound; exits 1 when one is worse. Both subjects run in one go, in turns, on
 * the same model servers and with the same flags. `BENCH_ONLY=overhead,memory` picks parts, `BENCH_RUNS` the memory runs.
 */
const FLAGS = (process.env.BENCH_FLAGS ?? '--max-semi-space-size=8').split(' ').filter(Boolean)
/** For the memory rows alone, which ask how small a process can be that still does the work. */
const SMALL = ['--max-semi-space-size=1', '--max-old-space-size=192']
const REDIS = process.env.BENCH_REDIS_URL ?? 'redis://127.0.0.1:6379/9'
const RUNS = Number(process.env.BENCH_RUNS ?? 100_000)
const only = process.env.BENCH_ONLY?.split(',')
const wants = (part: string): boolean => only === undefined || only.includes(part)

type Name = keyof typeof bounds
const worse: Name[] = []

function show(name: Name, value: number, note: string): void {
  const bound: { max?: number; min?: number; what: string } = bounds[name]
  const good = value <= (bound.max ?? Number.POSITIVE_INFINITY) && value >= (bound.min ?? Number.NEGATIVE_INFINITY)
  if (!good) worse.push(name)
  const limit = bound.max === undefined ? `≥ ${bound.min}` : `≤ ${bound.max}`
  console.log(
    `${good ? 'ok   ' : 'WORSE'} ${name.padEnd(28)} ${value.toFixed(3).padStart(9)}  ${limit.padEnd(8)} ${bound.what}${note && ` (${note})`}`,
  )
}

/** Without a bound: to be seen beside the others. */
function tell(name: string, value: number, what: string): void {
  console.log(`     ${name.padEnd(28)} ${value.toFixed(3).padStart(9)}  ${''.padEnd(8)} ${what}`)
}

// Stripped types are kept between runs: without it the compiler that strips them stays in memory.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'consilium-bench-cache')
const models = await BenchProcess.start('./model-server.ts', [])
const startSubject = (name: 'consilium' | 'bare', flags = FLAGS) =>
  BenchProcess.start(`./subjects/${name}.ts`, models.ports, flags)

console.log(`Node ${process.version}, flags of both subjects: ${FLAGS.join(' ') || '(none)'}\n`)
const subjects = { consilium: await startSubject('consilium'), bare: await startSubject('bare') }

if (wants('start')) show('start_to_ready_seconds', await measureStart(5), '')

if (wants('latency')) {
  const parallel = await measureLatency(subjects.consilium, scenarios.parallel)
  show('latency_parallel_1100_1000', parallel.ratio, '')
  show('speedup_parallel_1100_1000', parallel.speedup, '')
  show('latency_chain_900_800', (await measureLatency(subjects.consilium, scenarios.chain)).ratio, '')
  show('latency_skewed_graph', (await measureLatency(subjects.consilium, scenarios.skewed)).ratio, '')
  show('speedup_three_tasks', (await measureLatency(subjects.consilium, scenarios.three)).speedup, '')
}

if (wants('overhead')) {
  const both = ({ consilium, bare }: { consilium: number; bare: number }, unit: string) =>
    `${consilium.toFixed(2)} and ${bare.toFixed(2)} ${unit}`
  const discharge = await measureOverhead(subjects, 'discharge', { warmup: 20_000, blocks: 20, perBlock: 150 })
  show('overhead_discharge_summary', discharge.consilium / discharge.bare, both(discharge, 'ms'))
  const wide = await measureOverhead(subjects, 'wide64', { warmup: 2500, blocks: 12, perBlock: 30 })
  show('overhead_64_wide', wide.consilium / wide.bare, both(wide, 'ms'))
  const layered = await measureOverhead(subjects, 'layered1000', { warmup: 150, blocks: 10, perBlock: 5 })
  show('overhead_1000_layered', layered.consilium / layered.bare, both(layered, 'ms'))
  const rates = await measureThroughput(subjects, { warmup: 30_000, rounds: 9, perRound: 3000 })
  show('throughput_64_connections', rates.consilium / rates.bare, both(rates, 'runs/s'))
}

if (wants('routing')) {
  console.log('')
  const auto = await measureAutoOverhead(subjects.consilium, { warmup: 3000, pairs: 3000 })
  show('routing_auto_overhead_ms', auto.over, `runs of ${auto.auto.toFixed(3)} and ${auto.named.toFixed(3)} ms`)
}
subjects.consilium.stop()
subjects.bare.stop()

if (wants('routing')) {
  const { classify, decision, thousand } = await measureChoiceAlone()
  const calm = ({ p50, undisturbed_p99 }: typeof classify) =>
    `p50 ${p50.toFixed(3)}, undisturbed p99 ${undisturbed_p99.toFixed(3)}`
  show('routing_classify_p99_ms', classify.p99, calm(classify))
  show('routing_decision_p99_ms', decision.p99, calm(decision))
  show('routing_1000_models_p99_ms', thousand.p99, calm(thousand))
  const tables = compareRouting()
  const cost = costRows(tables)
  show('routing_cost_ratio', cost.ratio, cost.note)
  show('routing_unserved_local', cost.against_card, `${cost.unserved_local} by the true label at most`)
  for (const table of tables) console.log(`\n${tableLines(table).join('\n')}`)
}

if (wants('memory')) {
  console.log(`\nMemory rows: flags of both ${SMALL.join(' ')}, compile cache on`)
  const ours = await startSubject('consilium', SMALL)
  const memory = await measureMemory('consilium', ours, RUNS)
  ours.stop()
  const theirs = await startSubject('bare', SMALL)
  const bare = await measureMemory('bare', theirs, RUNS)
  theirs.stop()
  show('memory_mb_after_100k_runs', memory.end, `${RUNS} runs`)
  show('memory_over_bare', memory.end / bare.end, `bare ${bare.end.toFixed(0)} MB`)
  show('memory_second_half_growth', memory.end / memory.half, `half-way ${memory.half.toFixed(0)} MB`)
}

if (wants('store')) {
  console.log('')
  const rounds = { warmup: 20_000, rounds: 9, perRound: 3000 }
  const steps = { warmup: 40, runs: 40 }
  const both = ({ rates }: JournalCost) => `${rates.on.toFixed(0)} and ${rates.off.toFixed(0)} runs/s`
  const cost = await measureJournal(models, FLAGS, null, rounds)
  show('journal_throughput_sqlite', cost.ratio, both(cost))
  show('durable_step_sqlite_ms', await measureStepOnSqlite(steps), '')
  if (await hasPostgres()) {
    const shared = await withDatabase((url) => measureJournal(models, FLAGS, url, rounds))
    tell('journal_throughput_postgres', shared.ratio, `the same on PostgreSQL (${both(shared)})`)
    show('durable_step_postgres_ms', await withDatabase((url) => measureStepOnPostgres(url, steps)), '')
    const dbos = await withDatabase((url) => measureDbosStep(url, steps))
    tell('dbos_step_ms', dbos, 'a step of DBOS with the same outcome, on the same PostgreSQL')
  } else console.log('skipped: no PostgreSQL at 127.0.0.1:5432, its rows and that of DBOS are not measured')
  show('audit_verify_per_second', await measureAuditVerify(), '')
  const dispatch = await measureDispatch(REDIS).catch(() => null)
  if (dispatch === null) console.log(`skipped: no Redis at ${REDIS}, dispatch between replicas is not measured`)
  else show('dispatch_between_replicas_ms', dispatch.over_direct_ms, `p99 ${dispatch.between_p99_ms.toFixed(1)} ms`)
}
models.stop()

if (wants('schedule')) {
  console.log('')
  const parts = measureSchedule()
  for (const part of parts) {
    const name = (
      { 1: 'schedule_makespan_1_slot', 2: 'schedule_makespan_2_slots', 4: 'schedule_makespan_4_slots' } as const
    )[part.slots]
    show(name, part.makespan, `${part.exact.toFixed(3)} if durations were known`)
    for (const line of policyLines(part)) console.log(line)
  }
  show('schedule_high_priority_p99', Math.max(...parts.map(({ urgent }) => urgent)), '')
  const pairs = await compareOverHttp()
  const note = pairs.map(({ slots, http, simulated }) => `${slots}: ${(http / simulated).toFixed(3)}`).join(', ')
  show('schedule_http_over_simulated', Math.max(...pairs.map(({ ratio }) => ratio)), `by slots ${note}`)
}

if (wants('overload')) {
  const over = await measureOverload(FLAGS)
  const { 200: done = 0, 503: refused = 0, 504: late = 0 } = over.answers
  console.log(
    `\nOverload: ${over.rate.toFixed(0)} runs/s; closed loop ${over.capacity_check.toFixed(3)} of the capacity`,
  )
  show('overload_goodput', over.goodput, `${done} done, ${refused} refused, ${late} late`)
  show('overload_refusal_p50_ms', over.refusal_p50_ms, '')
  show('overload_refusal_p95_ms', over.refusal_p95_ms, '')
  show('overload_recovery_seconds', over.recovery_seconds, `p99 before ${over.base_p99_ms.toFixed(0)} ms`)
  const memory = [over.memory_before_mb, over.memory_after_mb].map((mb) => mb.toFixed(0))
  show('overload_memory_mb', over.memory_mb, `${memory[0]} before, ${memory[1]} at the end`)
}

if (wants('tenants')) {
  console.log('')
  const quiet = await measureNoisyTenant(FLAGS, { rounds: 3, seconds: 20 })
  const times = `${quiet.beside_ms.toFixed(0)} and ${quiet.alone_ms.toFixed(0)} ms, ${quiet.requests} requests each`
  show('noisy_tenant_p99', quiet.ratio, times)
  const fair = await measureFairness(FLAGS, 15)
  show('tenant_jain_index', fair.index, `${fair.done.join(', ')} calls`)
}

if (worse.length > 0) {
  console.log(`\nWorse than its bound: ${worse.join(', ')}`)
  process.exitCode = 1
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Outcome, UNTOUCHED } from '../src/contract/outcome.ts'
import type { Store } from '../src/store/port.ts'
import { openPostgresStore } from '../src/store/postgres/open.ts'
import type { Change, Lease } from '../src/store/records.ts'
import { openSqliteStore } from '../src/store/sqlite/open.ts'
import { median } from './stats.ts'

/** Of each run or workflow: as many as a large plan has. */
const STEPS = 50

interface Steps {
  warmup: number
  /** Measured: that many runs of 50 steps. */
  runs: number
}

const CONTENT = 'On day 3 the potassium was reviewed and the intravenous diuretic was adjusted as documented. '.repeat(
  20,
)

/** What a task leaves: about 2 KB of text, in its outcome and in the event that tells of it. */
const outcomeOf = (task_id: string): Outcome => ({
  ...UNTOUCHED,
  status: 'succeeded',
  ended_at_ms: 1100,
  content: CONTENT,
  model: 'BioMistral-Clinical-7B',
  attempts: [
    {
      model: 'BioMistral-Clinical-7B',
      url: `http://bench/${task_id}`,
      outcome: 'ok',
      latency_ms: 1100,
      gpu: 0,
      asked_at_ms: 0,
      started_at_ms: 0,
      ended_at_ms: 1100,
      hedge: false,
    },
  ],
})

const changeOf = (task_id: string): Change => ({
  at: Date.now(),
  outcomes: [{ task_id, outcome: outcomeOf(task_id) }],
  events: [
    { event: 'task.started', data: { task_id } },
    { event: 'task.succeeded', data: { task_id, content: CONTENT } },
  ],
})

async function begin(store: Store, run_id: string): Promise<Lease> {
  const run = {
    tenant: 'bench',
    run_id,
    workflow_type: 'custom',
    mode: 'async' as const,
    subject: 'bench',
    owner: 'bench',
    request: { text: CONTENT },
    request_hash: run_id,
    idempotency_key: null,
    webhook: null,
    at: Date.now(),
  }
  const accepted = await store.accept(run, { at: run.at, actor: 'bench', action: 'run.create', object: run_id })
  if (accepted.kind !== 'created') throw new Error(`The bench's run was not created: ${accepted.kind}`)
  return accepted.lease
}

/** Median ms of a step, one after the other: `stepOf` begins a run and gives its steps. */
async function timed(begun: (run: number) => Promise<(step: number) => Promise<void>>, { warmup, runs }: Steps) {
  const times: number[] = []
  for (let run = 0; run < warmup + runs; run++) {
    const take = await begun(run)
    for (let step = 0; step < STEPS; step++) {
      const start = performance.now()
      await take(step)
      if (run >= warmup) times.push(performance.now() - start)
    }
  }
  return median(times)
}

async function measureStore(store: Store, steps: Steps): Promise<number> {
  try {
    await store.migrate()
    return await timed(async (run) => {
      const lease = await begin(store, `run-${run}`)
      return async (step) => {
        const recorded = await store.record(lease, changeOf(`task-${step}`), null)
        if (!recorded.ok) throw new Error(`The bench's step was refused: ${recorded.reason}`)
      }
    }, steps)
  } finally {
    await store.close()
  }
}

/** Median ms of one durable step on SQLite: `store.record` with one outcome and two events, one step after the other. */
export async function measureStepOnSqlite(steps: Steps): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-bench-step-'))
  try {
    return await measureStore(openSqliteStore({ folder, keys: null }), steps)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The same on PostgreSQL. */
export const measureStepOnPostgres = (url: string, steps: Steps): Promise<number> =>
  measureStore(
    openPostgresStore({
      url,
      connections: 4,
      waiting: 100,
      statementTimeoutMs: 10_000,
      connectTimeoutMs: 5000,
      onError: (error) => console.error(error.message),
      keys: null,
    }),
    steps,
  )

/** Median ms of a step of DBOS that returns the same outcome, in workflows of as many steps, on the same server. */
export async function measureDbosStep(url: string, steps: Steps): Promise<number> {
  // Here, so that the other parts of the bench do not load it.
  const { DBOS } = await import('@dbos-inc/dbos-sdk')
  DBOS.setConfig({ name: 'consilium-bench', systemDatabaseUrl: url, logLevel: 'error' })
  const times: number[] = []
  const workflow = DBOS.registerWorkflow(
    async () => {
      for (let step = 0; step < STEPS; step++) {
        const start = performance.now()
        await DBOS.runStep(async () => outcomeOf(`task-${step}`), { name: `task-${step}` })
        times.push(performance.now() - start)
      }
    },
    { name: 'steps' },
  )
  await DBOS.launch()
  try {
    for (let run = 0; run < steps.warmup + steps.runs; run++) await workflow()
    return median(times.slice(steps.warmup * STEPS))
  } finally {
    await DBOS.shutdown()
  }
}

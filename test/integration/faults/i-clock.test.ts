import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RunView } from '../../../src/contract/runs.ts'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { bearer, claims, hmacToken, seconds } from '../../helpers/gate-tokens.ts'
import { type ServerProcess, startListening } from '../../helpers/process.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { newFolder } from '../store/folder.ts'
import { actionsOn, endOf, ONE, PATIENCE_MS, STARTS, submit } from './i-asked.ts'
import { until } from './until.ts'

const HOUR_MS = 3_600_000
/** A day after the beginning. */
const IN_1970_MS = 86_400_000

/** Sets the clock of the process at each SIGWINCH, which nothing else listens to: so many ms off the right time, in code. */
const clockOf = (moves: readonly string[]): string[] => {
  const code = `const right = Date.now
    let off = 0
    Date.now = () => Math.floor(right() + off)
    globalThis.Date = new Proxy(Date, {
      construct: (target, given, made) => Reflect.construct(target, given.length > 0 ? given : [target.now()], made),
      apply: (target) => new target(target.now()).toString(),
    })
    const moves = [${moves.join(',')}]
    let moved = 0
    process.on('SIGWINCH', () => {
      off = moves[moved++]
      process.stderr.write('clock ' + moved + '\\n')
    })`
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`]
}

const MOVES = [`${HOUR_MS}`, `${-HOUR_MS}`, `${IN_1970_MS} - right()`, '0'] as const

async function moved(server: ServerProcess, times: number): Promise<void> {
  server.signal('SIGWINCH')
  await server.says(new RegExp(`clock ${times}\\n`))
}

type Timed = Pick<RunView, 'total_latency_ms' | 'metadata' | 'results'>

const SCOPE = 'workflows:execute workflows:read runs:read admin'
const execute = (origin: string, headers: Record<string, string>): Promise<Response> =>
  fetch(`${origin}/v1/workflows/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(ONE),
  })

/** A bearer that is good for ten minutes by a clock that is so many ms off. */
function tokenAt(shift: number) {
  const iat = seconds(Math.floor(shift / 1000))
  return bearer(hmacToken(claims({ scope: SCOPE, iat, exp: iat + 600 })))
}

function expectSaneTimes({ total_latency_ms, metadata, results }: Timed): void {
  const { queue_time_ms, retry_time_ms, overhead_ms } = metadata ?? expect.fail('no metadata')
  const times = [total_latency_ms ?? Number.NaN, queue_time_ms, retry_time_ms, overhead_ms]
  for (const result of results) times.push(result.latency_ms, result.queue_ms, result.retry_ms)
  for (const time of times) {
    expect(time).toBeGreaterThanOrEqual(0)
    expect(time).toBeLessThan(PATIENCE_MS)
  }
}

async function expectDone(answered: Response): Promise<void> {
  expect(answered.status).toBe(200)
  const run = (await answered.json()) as Timed & { status: string }
  expect(run.status).toBe('succeeded')
  expectSaneTimes(run)
}

describe('I07: the clock is set', STARTS, () => {
  test('an hour on, two back, to 1970: runs go on and end once, in a time that is right; tokens count by that clock', async () => {
    const model = await startHeldModel()
    const server = await startListening({ ...model.env, DATA_DIR: newFolder() }, clockOf(MOVES))
    const { origin } = server
    let last = tokenAt(0)
    for (const [at, shift] of [HOUR_MS, -HOUR_MS, IN_1970_MS - Date.now(), 0].entries()) {
      const own = tokenAt(shift)
      const waiting = execute(origin, at === 0 ? tokenAt(0) : last)
      const call = await model.asked(2 * at)
      await moved(server, at + 1)
      answer(call)
      await expectDone(await waiting)
      if (shift !== 0) expect((await execute(origin, tokenAt(0))).status).toBe(401)
      const next = execute(origin, own)
      answer(await model.asked(2 * at + 1))
      await expectDone(await next)
      last = own
    }
    expect(model.count()).toBe(8)
    expect((await fetch(`${origin}/health/live`)).status).toBe(200)
  })

  test.runIf(postgresIsWanted)('of one of two replicas, on and back: neither takes the runs of the other', async () => {
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    const model = await startHeldModel()
    const env = { ...model.env, DATABASE_URL: database.url }
    const jumping = await startListening(env, clockOf(MOVES))
    const steady = await startListening(env)
    const runs = [await submit(jumping.origin)]
    const calls = [await model.asked(0)]
    runs.push(await submit(steady.origin))
    calls.push(await model.asked(1))

    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    onTestFinished(() => client.end())
    const signs = async () =>
      (await client.query('select run_id, touched_at from runs order by run_id')).rows.map(
        ({ touched_at }) => touched_at,
      )
    for (const times of [1, 2]) {
      const known = await signs()
      await moved(jumping, times)
      // A sign of life of both replicas, so several looks of each.
      await until(
        async () => (await signs()).every((touched, at) => touched !== known[at]),
        'signs of life',
        PATIENCE_MS,
      )
    }
    for (const call of calls) answer(call)
    for (const run_id of runs) {
      const view = await endOf(steady.origin, run_id)
      expect(view).toMatchObject({ status: 'succeeded' })
      expectSaneTimes(view)
      expect(await actionsOn(steady.origin, run_id)).not.toContain('run.take_over')
    }
    expect(model.count()).toBe(2)
  })
})

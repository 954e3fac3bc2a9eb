import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { startListening } from '../../helpers/process.ts'
import { doorTo } from '../archive/door.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { ASYNC, actionsOn, endOf, isReady, PATIENCE_MS, post, STARTS, submit } from './i-asked.ts'
import { until } from './until.ts'

async function arranged() {
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  const door = await doorTo(database.url)
  const model = await startHeldModel()
  const server = await startListening({ ...model.env, DATABASE_URL: door.url })
  return { database, door, model, server }
}

describe.runIf(postgresIsWanted)('I03: PostgreSQL', STARTS, () => {
  test('goes away under a run in flight: new work is refused, the run is kept, all goes on when it is back', async () => {
    const { door, model, server } = await arranged()
    const { origin } = server
    const run_id = await submit(origin)
    const call = await model.asked(0)

    await door.close()
    await until(isReady(origin, 503), 'readiness shows it', PATIENCE_MS)
    expect(await (await fetch(`${origin}/health/ready`)).json()).toMatchObject({
      status: 'not_ready',
      reasons: ['The store of runs cannot be reached.'],
    })
    expect((await fetch(`${origin}/health/live`)).status).toBe(200)
    const refused = await post(origin, ASYNC)
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused.json()).toMatchObject({ code: 'not_ready' })
    answer(call)

    await door.open()
    await until(isReady(origin), 'ready again', 5000)
    expect(await endOf(origin, run_id)).toMatchObject({ status: 'succeeded' })
    expect(model.count()).toBe(1)
    expect(await actionsOn(origin, run_id)).not.toContain('run.take_over')
  })

  test('ends every connection under a run in flight: the run goes on to its end', async () => {
    const { database, model, server } = await arranged()
    const { origin } = server
    const run_id = await submit(origin)
    const call = await model.asked(0)
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    const ended = await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    await client.end()
    expect(ended.rowCount).toBeGreaterThan(0)
    answer(call)
    await until(isReady(origin), 'ready', 5000)
    expect(await endOf(origin, run_id)).toMatchObject({ status: 'succeeded' })
    expect(model.count()).toBe(1)
  })
})

import { expect, onTestFinished, test } from 'vitest'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { startListening } from '../../helpers/process.ts'
import { doorTo } from '../archive/door.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { ASYNC, actionsOn, endOf, isReady, PATIENCE_MS, post, submit, viewOf } from './i-asked.ts'
import { until } from './until.ts'

test.runIf(postgresIsWanted)(
  'I17: what one replica sends to PostgreSQL is lost, without a word: another one goes on with its run, which ends once',
  { timeout: 3 * PATIENCE_MS },
  async () => {
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    const door = await doorTo(database.url)
    const model = await startHeldModel()
    const cut = await startListening({ ...model.env, DATABASE_URL: door.url })
    const other = await startListening({ ...model.env, DATABASE_URL: database.url })
    const run_id = await submit(cut.origin)
    const late = await model.asked(0)

    door.freeze()
    await until(isReady(cut.origin, 503), 'readiness shows it', PATIENCE_MS)
    expect(await (await fetch(`${cut.origin}/health/ready`)).json()).toMatchObject({ status: 'not_ready' })
    expect((await fetch(`${cut.origin}/health/live`)).status).toBe(200)
    // It has its answer, and nowhere to put it.
    answer(late, 'An answer that nobody hears of.')
    const asked = performance.now()
    const refused = post(cut.origin, ASYNC)

    answer(await model.asked(1), 'The answer that counts.')
    const ended = await endOf(other.origin, run_id)
    expect(ended).toMatchObject({ status: 'succeeded', results: [{ content: 'The answer that counts.' }] })
    expect(await actionsOn(other.origin, run_id)).toContain('run.take_over')
    expect((await refused).status).toBe(503)
    expect(performance.now() - asked).toBeLessThan(PATIENCE_MS)

    door.thaw()
    await until(isReady(cut.origin), 'ready again', PATIENCE_MS)
    const forgotten = async () =>
      (await (await fetch(`${cut.origin}/metrics`)).text()).includes('\nconsilium_runs_in_flight 0\n')
    await until(forgotten, 'it has let go of the run', PATIENCE_MS)
    expect(await viewOf(cut.origin, run_id)).toEqual(ended)
    expect(await viewOf(other.origin, run_id)).toEqual(ended)
    expect(model.count()).toBe(2)
  },
)

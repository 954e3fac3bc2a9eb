import { describe, expect, onTestFinished, test } from 'vitest'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { startListening, startServer } from '../../helpers/process.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { newFolder } from '../store/folder.ts'
import { actionsOn, endOf, STARTS, submit } from './i-asked.ts'

const STOP_AT_LISTEN = `data:text/javascript,${encodeURIComponent(
  `import net from 'node:net'
   const { listen } = net.Server.prototype
   net.Server.prototype.listen = function (...given) {
     process.kill(process.pid, 'SIGTERM')
     return listen.apply(this, given)
   }`,
)}`

describe('I08: SIGTERM', STARTS, () => {
  test('twice under a run that nobody waits for: the process ends with 0, and the next one goes on with it at once', async () => {
    const model = await startHeldModel()
    const env = { ...model.env, DATA_DIR: newFolder() }
    const first = await startListening(env)
    const run_id = await submit(first.origin)
    const call = await model.asked(0)
    first.signal('SIGTERM')
    first.signal('SIGTERM')
    await call.closed
    expect(await first.ended).toEqual({ code: 0, signal: null })

    const { origin } = await startListening(env)
    answer(await model.asked(1))
    expect(await endOf(origin, run_id)).toMatchObject({ status: 'succeeded' })
    expect(model.count()).toBe(2)
    // It was handed over, not found: nobody had to wait until it counted as left behind.
    expect(await actionsOn(origin, run_id)).not.toContain('run.take_over')
  })

  test('during a start that takes up runs: ends with 0, and the runs are there for the next start', async () => {
    const model = await startHeldModel()
    const env = { ...model.env, DATA_DIR: newFolder() }
    const first = await startListening(env)
    const run_id = await submit(first.origin)
    await model.asked(0)
    first.signal('SIGKILL')
    await first.ended
    const second = startServer(env, ['--import', STOP_AT_LISTEN])
    expect(await second.ended).toEqual({ code: 0, signal: null })
    expect(second.err()).toBe('')

    const before = model.count()
    const { origin } = await startListening(env)
    answer(await model.asked(before))
    expect(await endOf(origin, run_id)).toMatchObject({ status: 'succeeded' })
  })

  test.runIf(postgresIsWanted)('of one replica: another one goes on with its runs at once', async () => {
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    const model = await startHeldModel()
    const env = { ...model.env, DATABASE_URL: database.url }
    const [leaving, staying] = [await startListening(env), await startListening(env)]
    const run_id = await submit(leaving.origin)
    const call = await model.asked(0)
    leaving.signal('SIGTERM')
    await call.closed
    answer(await model.asked(1))
    expect(await endOf(staying.origin, run_id)).toMatchObject({ status: 'succeeded' })
    expect(await actionsOn(staying.origin, run_id)).not.toContain('run.take_over')
    expect(await leaving.ended).toEqual({ code: 0, signal: null })
  })
})

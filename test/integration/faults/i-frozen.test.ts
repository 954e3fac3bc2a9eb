import { expect, onTestFinished, test } from 'vitest'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { startListening } from '../../helpers/process.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { actionsOn, endOf, PATIENCE_MS, STARTS, submit, viewOf } from './i-asked.ts'
import { until } from './until.ts'

test.runIf(postgresIsWanted)(
  'I10: a replica that was frozen comes back: its run is another one’s by then, and nothing of its own gets in',
  STARTS,
  async () => {
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    const model = await startHeldModel()
    const env = { ...model.env, DATABASE_URL: database.url }
    const [frozen, other] = [await startListening(env), await startListening(env)]
    const run_id = await submit(frozen.origin)
    const late = await model.asked(0)
    frozen.signal('SIGSTOP')

    answer(await model.asked(1), 'The answer that counts.')
    const ended = await endOf(other.origin, run_id)
    expect(ended).toMatchObject({ status: 'succeeded', results: [{ content: 'The answer that counts.' }] })

    answer(late, 'An answer that comes too late.')
    frozen.signal('SIGCONT')
    const forgotten = async () =>
      (await (await fetch(`${frozen.origin}/metrics`)).text()).includes('\nconsilium_runs_in_flight 0\n')
    await until(forgotten, 'the frozen one has let go of the run', PATIENCE_MS)
    expect(await viewOf(frozen.origin, run_id)).toEqual(ended)
    expect(await viewOf(other.origin, run_id)).toEqual(ended)
    expect(await actionsOn(other.origin, run_id)).toContain('run.take_over')
    // One call more than there are tasks: the model had both at once.
    expect(model.count()).toBe(2)
  },
)

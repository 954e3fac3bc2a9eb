import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { startListening } from '../../helpers/process.ts'
import { redisServerIsThere, startRedis } from '../../helpers/redis.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { newFolder } from '../store/folder.ts'
import { actionsOn, endOf, isReady, PATIENCE_MS, STARTS, submit } from './i-asked.ts'
import { until } from './until.ts'

/** Less than the 8 s after which runs are taken over; what takes longer is i-frozen.test.ts. */
const STILL_MS = 5000

const places = [
  { place: 'alone on SQLite', there: true, two: false, shares: false },
  { place: 'beside another replica', there: postgresIsWanted, two: true, shares: false },
  { place: 'beside one that shares a Redis', there: postgresIsWanted && redisServerIsThere, two: true, shares: true },
]

for (const { place, there, two, shares } of places)
  test.runIf(there)(
    `I11: a service that stands still for seconds, ${place}, goes on with its runs by itself`,
    STARTS,
    async () => {
      const model = await startHeldModel()
      const database = two ? await createDatabase() : null
      if (database) onTestFinished(() => database.drop())
      const env = {
        ...model.env,
        ...(database ? { DATABASE_URL: database.url } : { DATA_DIR: newFolder() }),
        ...(shares && { REDIS_URL: (await startRedis()).url }),
      }
      const still = await startListening(env)
      const other = two ? await startListening(env) : still
      const first = await submit(still.origin)
      const call = await model.asked(0)
      // Behind the first at its model.
      const second = await submit(still.origin)
      still.signal('SIGSTOP')
      answer(call, 'It came while nobody read it.')
      await pause(STILL_MS)
      still.signal('SIGCONT')
      await until(isReady(still.origin), 'ready', PATIENCE_MS)
      answer(await model.asked(1))
      expect(await endOf(other.origin, first)).toMatchObject({
        results: [{ content: 'It came while nobody read it.' }],
      })
      expect(await endOf(other.origin, second)).toMatchObject({ status: 'succeeded' })
      expect(model.count()).toBe(2)
      for (const run_id of [first, second]) expect(await actionsOn(other.origin, run_id)).not.toContain('run.take_over')
      const forgotten = async () =>
        (await (await fetch(`${still.origin}/metrics`)).text()).includes('\nconsilium_runs_in_flight 0\n')
      await until(forgotten, 'nothing is left at work', PATIENCE_MS)
    },
  )

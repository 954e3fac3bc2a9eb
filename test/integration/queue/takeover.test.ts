import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { startListening } from '../../helpers/process.ts'
import { redisServerIsThere, startRedis } from '../../helpers/redis.ts'
import { doorTo } from '../archive/door.ts'
import { actionsOn, endOf, PATIENCE_MS, submit } from '../faults/i-asked.ts'
import { until } from '../faults/until.ts'
import { answer, startHeldModel } from '../server/held-model.ts'

const LONG = { timeout: 150_000 }
/** Of signs of life, one a second: longer than a run stays with an owner that is silent and whose process has ended. */
const SIGNS = 6

/** A run for another model than that of the others: each has one slot, and the first call is held. */
const ELSEWHERE = {
  workflow_type: 'custom',
  custom_tasks: [{ task_id: 'one', agent_type: 'Billing', prompt: 'Say it.' }],
}

/** A database, a Redis and a model for services; `touched` is the last sign of life that a run's owner gave. */
async function stage() {
  const redis = await startRedis()
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  const model = await startHeldModel()
  const start = (redisUrl = redis.url) =>
    startListening({ ...model.env, DATABASE_URL: database.url, REDIS_URL: redisUrl, LOG_LEVEL: 'info' })
  const client = new pg.Client(database.url)
  await client.connect()
  onTestFinished(() => client.end())
  const touched = async (run_id: string): Promise<number> => {
    const { rows } = await client.query('select touched_at from runs where run_id = $1', [run_id])
    return Number(rows[0]?.touched_at)
  }
  return { redis, model, start, touched }
}

/** Ids of the runs that a service says it has taken over, in order. */
const takenBy = ({ log }: { log: () => Record<string, unknown>[] }): unknown[] =>
  log()
    .filter(({ msg }) => msg === 'run taken over')
    .map(({ run_id }) => run_id)

describe.skipIf(!redisServerIsThere || !postgresIsWanted)('a run whose owner', LONG, () => {
  it('was killed is taken over before one whose owner was frozen earlier', async () => {
    const { model, start, touched } = await stage()
    const [frozen, killed, living] = [await start(), await start(), await start()]
    const ofFrozen = await submit(frozen.origin)
    await model.asked(0)
    const ofKilled = await submit(killed.origin, {}, ELSEWHERE)
    await model.asked(1)

    frozen.signal('SIGSTOP')
    const stood = async () => (await touched(ofKilled)) - (await touched(ofFrozen)) > 1500
    await until(stood, 'a sign of life that only the other one gave', PATIENCE_MS)
    killed.signal('SIGKILL')

    answer(await model.asked(2))
    expect(await endOf(living.origin, ofKilled)).toMatchObject({ status: 'succeeded' })
    answer(await model.asked(3))
    expect(await endOf(living.origin, ofFrozen)).toMatchObject({ status: 'succeeded' })
    // A log comes a moment later.
    await until(() => takenBy(living).length === 2, 'both in the log', PATIENCE_MS)
    expect(takenBy(living)).toEqual([ofKilled, ofFrozen])
  })

  it('lives and has lost Redis stays with it', async () => {
    const { redis, model, start, touched } = await stage()
    const door = await doorTo(redis.url)
    const [cut, other] = [await start(door.url), await start()]
    await other.says(/replica_joined|queue_shared/)
    const run_id = await submit(cut.origin)
    const call = await model.asked(0)

    await door.close()
    await other.says(/replica_died/)
    let last = await touched(run_id)
    for (let signs = 0; signs < SIGNS; signs++) {
      const isNew = async () => (await touched(run_id)) > last
      await until(isNew, 'the next sign of life', PATIENCE_MS)
      last = await touched(run_id)
    }
    answer(call)
    expect(await endOf(other.origin, run_id)).toMatchObject({ status: 'succeeded' })
    expect(model.count()).toBe(1)
    expect(await actionsOn(other.origin, run_id)).not.toContain('run.take_over')
  })
})

import { describe, expect, it } from 'vitest'
import { postgresIsWanted } from '../../contracts/store-subjects.ts'
import { redisServerIsThere, startRedis } from '../../helpers/redis.ts'
import { actionsOn, endOf, PATIENCE_MS, submit, viewOf } from '../faults/i-asked.ts'
import { until } from '../faults/until.ts'
import { startServices } from './services.ts'

const SLOTS = 2
const soon = (met: () => boolean | Promise<boolean>, what: string) => until(met, what, PATIENCE_MS)
const submitMany = (origin: string, count: number) => Promise.all(Array.from({ length: count }, () => submit(origin)))

describe.skipIf(!redisServerIsThere || !postgresIsWanted)(
  'I10: a service that was frozen',
  { timeout: 150_000 },
  () => {
    it('has doubled each of its calls in flight at most once when it is back, and nothing of its own gets in', async () => {
      const redis = await startRedis()
      const { a, b, model } = await startServices(redis.url, SLOTS, 30)
      model.hold('a')
      const runs = await submitMany(a.origin, SLOTS)
      await soon(() => model.inFlightOf('a') === SLOTS, 'both permits with one service')
      expect(model.peak()).toBe(SLOTS)

      a.signal('SIGSTOP')
      // Work of its own, so that the other one wants all permits.
      const others = await submitMany(b.origin, 6)
      const ended = await Promise.all(runs.map((run_id) => endOf(b.origin, run_id)))
      for (const run_id of others) expect(await endOf(b.origin, run_id)).toMatchObject({ status: 'succeeded' })
      for (const view of ended) expect(view).toMatchObject({ status: 'succeeded' })
      expect(model.inFlightOf('a')).toBe(SLOTS)
      // What the frozen one has in flight, once more, and no call besides.
      expect(model.peak()).toBe(2 * SLOTS)
      expect(model.begun('b')).toBe(runs.length + others.length)

      a.signal('SIGCONT')
      await a.says(/permit_lost/)
      // The answers to its calls come now: too late.
      model.hold(null)
      const forgotten = async () =>
        (await (await fetch(`${a.origin}/metrics`)).text()).includes('\nconsilium_runs_in_flight 0\n')
      await soon(forgotten, 'it has let go of the runs')
      expect(model.begun('a')).toBe(SLOTS)
      expect(model.peak()).toBe(2 * SLOTS)
      for (const [at, run_id] of runs.entries()) {
        expect(await viewOf(a.origin, run_id)).toEqual(ended[at])
        expect(await viewOf(b.origin, run_id)).toEqual(ended[at])
        expect(await actionsOn(b.origin, run_id)).toContain('run.take_over')
      }

      // Both permits go round again, for both services, and no third one.
      await soon(() => model.inFlight() === 0, 'nothing is in flight')
      model.forget()
      const more = await Promise.all([a, b].map(async ({ origin }) => await submitMany(origin, 10)))
      for (const run_id of more.flat()) expect(await endOf(b.origin, run_id)).toMatchObject({ status: 'succeeded' })
      expect(model.peak()).toBe(SLOTS)
    })
  },
)

import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LiveRuns } from '../../../src/archive/live.ts'
import { Outlook } from '../../../src/archive/outlook.ts'
import { watchRun } from '../../../src/archive/watch.ts'
import type { RunEvent } from '../../../src/contract/events.ts'
import { Problem } from '../../../src/errors.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { StoreError } from '../../../src/store/errors.ts'
import type { Store } from '../../../src/store/port.ts'
import type { RunDetail } from '../../../src/store/records.ts'

const END = { response: { status: 'succeeded' }, timed_out: false, stopped: false }
const queued = (n: number): RunEvent => ({ event: 'task.queued', data: { task_id: `${n}`, at_ms: n } })
const delta = (n: number): RunEvent => ({ event: 'task.delta', data: { task_id: 'a', attempt: 1, delta: `${n}` } })

/** A run's history whose reads answer when `pace` lets them, each with what was there when it was asked. */
function history(pace: () => Promise<void> = async () => undefined) {
  const live = new LiveRuns()
  const all: RunEvent[] = []
  let ended = false
  const store = {
    run: async (tenant: string) => {
      const row = { last_event_id: all.length, response: ended ? END : null }
      await pace()
      return tenant === 't' ? (row as unknown as RunDetail) : null
    },
    events: async (_: string, __: string, after: number, limit: number) => {
      const page = all.slice(after, after + limit).map((event, at) => ({ id: after + at + 1, at: 0, ...event }))
      await pace()
      return page
    },
    progress: async (runs: readonly { tenant: string; run_id: string }[]) =>
      runs.map((one) => ({ ...one, last_event_id: all.length, finished_at: ended ? 1 : null })),
  } as unknown as Store
  return {
    live,
    store,
    count: () => all.length,
    /** Commits an event; returns how it is told to those who watch in this process. */
    commit: () => {
      const id = all.push(queued(all.length + 1))
      return () => live.publish('r', { id, event: all[id - 1] as RunEvent })
    },
    end: () => {
      ended = true
    },
  }
}

const watcher = ({ store, live }: { store: Store; live: LiveRuns }, after = 0, tenant = 't') => {
  const told: (number | string)[] = []
  const left = new Cancellation()
  const done = watchRun(
    { store, live, outlook: new Outlook(store) },
    {
      tenant,
      run_id: 'r',
      after,
      left,
      emit: (event, id) => told.push(id ?? (event as { data: { delta: string } }).data.delta),
    },
  )
  return { told, left, done }
}

/** Counted up, from after the first to the last. */
const upTo = (last: number, after = 0) => Array.from({ length: last - after }, (_, at) => after + at + 1)

describe('watching a run', () => {
  it('tells every event once and in order, however commits, notices and reads fall', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.constant('commit' as const) },
      { weight: 5, arbitrary: fc.constant('tell' as const) },
      { weight: 1, arbitrary: fc.constant('lose' as const) },
      { weight: 2, arbitrary: fc.constant('delta' as const) },
      { weight: 2, arbitrary: fc.constant('wake' as const) },
      { weight: 5, arbitrary: fc.constant('turn' as const) },
      { weight: 5, arbitrary: fc.constant('read' as const) },
    )
    const given = fc.record({
      steps: fc.array(step, { minLength: 20, maxLength: 80 }),
      /** The steps begin when all that was there has been read. */
      settled: fc.boolean(),
      before: fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 700 })),
      after: fc.nat({ max: 10 }),
      scheduler: fc.scheduler(),
    })
    await fc.assert(
      fc.asyncProperty(given, async ({ steps, settled, before, after, scheduler }) => {
        const run = history(() => scheduler.schedule(Promise.resolve()))
        const untold: (() => void)[] = []
        for (let n = 0; n < before; n++) run.commit()
        const { told, done } = watcher(run, after)
        let deltas = 0
        await turnOfTheLoop()
        while (settled && scheduler.count() > 0) {
          await scheduler.waitOne()
          await turnOfTheLoop()
        }
        for (const one of steps) {
          if (one === 'commit') untold.push(run.commit())
          else if (one === 'tell') untold.shift()?.()
          else if (one === 'lose') untold.shift()
          // The clock of the watcher does the same.
          else if (one === 'wake') run.live.publish('r', null)
          else if (one === 'delta') run.live.publish('r', { id: null, event: delta(++deltas) })
          else if (one === 'turn') await turnOfTheLoop()
          else if (scheduler.count() > 0) await scheduler.waitOne()
        }
        for (const tell of untold) tell()
        run.end()
        run.live.publish('r', null)
        const ended = await scheduler.waitFor(done)
        expect(ended).toEqual({ end: END, last_event_id: run.count() })
        expect(told.filter((one) => typeof one === 'number')).toEqual(upTo(run.count(), Math.min(after, before)))
        const heard = told.filter((one) => typeof one === 'string').map(Number)
        expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b))
      }),
      { numRuns: 300 },
    )
  })

  it('tells deltas while the store is looked at again', async () => {
    const asked = Promise.withResolvers<void>()
    const open = Promise.withResolvers<void>()
    let reads = 0
    const run = history(async () => {
      reads++
      if (reads === 3) {
        asked.resolve()
        await open.promise
      }
    })
    const { told, done } = watcher(run)
    await turnOfTheLoop()
    run.commit()()
    run.live.publish('r', null)
    await asked.promise
    for (const n of [1, 2, 3]) run.live.publish('r', { id: null, event: delta(n) })
    run.commit()()
    run.live.publish('r', { id: null, event: delta(4) })
    open.resolve()
    run.end()
    run.live.publish('r', null)
    await done
    expect(told.filter((one) => typeof one === 'string')).toEqual(['1', '2', '3', '4'])
    expect(told.filter((one) => typeof one === 'number')).toEqual([1, 2])
  })

  it('hears of events that no notice came for, by looking again', async () => {
    const run = history()
    const { told, done } = watcher(run)
    await turnOfTheLoop()
    run.commit()
    run.end()
    expect(await done).toMatchObject({ last_event_id: 1 })
    expect(told).toEqual([1])
  })

  it('goes on from a number that the run has not reached as from its last', async () => {
    const run = history()
    run.commit()
    const { told, done } = watcher(run, 999)
    await turnOfTheLoop()
    run.commit()()
    await turnOfTheLoop()
    run.end()
    run.live.publish('r', null)
    await done
    expect(told).toEqual([2])
  })

  it('waits for a store that is away, and loses nothing', async () => {
    let failures = 2
    const run = history(async () => {
      if (failures-- > 0) throw new StoreError('unavailable', 'gone')
    })
    run.commit()
    run.end()
    const { told, done } = watcher(run)
    expect(await done).toMatchObject({ last_event_id: 1 })
    expect(told).toEqual([1])
  })

  it('of another tenant is none: it is not found', async () => {
    const run = history()
    const { done } = watcher(run, 0, 'other')
    await expect(done).rejects.toThrow(Problem)
  })

  it('ends when its watcher leaves, and nobody listens any more', async () => {
    const run = history()
    const { told, left, done } = watcher(run)
    await turnOfTheLoop()
    left.cancel('cancelled')
    expect(await done).toBeNull()
    run.commit()()
    expect(told).toEqual([])
  })
})

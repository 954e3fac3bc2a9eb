import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { RunJournal } from '../../../src/archive/journal.ts'
import type { RunEvent } from '../../../src/contract/events.ts'
import { StoreError } from '../../../src/store/errors.ts'
import type { Store } from '../../../src/store/port.ts'
import type { Change, Recorded, RunDetail } from '../../../src/store/records.ts'
import { outcome } from '../../contracts/store-samples.ts'

const LEASE = { tenant: 't', run_id: 'r', epoch: 3 }
const queued = (task_id: string): RunEvent => ({ event: 'task.queued', data: { task_id, at_ms: 1 } })
const delta = (text: string): RunEvent => ({ event: 'task.delta', data: { task_id: 'a', attempt: 1, delta: text } })
const away = () => new StoreError('unavailable', 'gone')
const FINISH = { finish: { status: 'succeeded' as const, response: { done: true } } }

interface Row {
  epoch: number
  last_event_id: number
  cancel_requested_at: number | null
  finished_at: number | null
}

/** A store of one run whose writes end when the test says so. */
function slowStore(given: Partial<Row> = {}) {
  const row: Row = { epoch: 3, last_event_id: 0, cancel_requested_at: null, finished_at: null, ...given }
  const writes: {
    change: Change
    commit: () => void
    fail: (error: unknown) => void
    answer: (it: Recorded) => void
  }[] = []
  const apply = ({ events = [], finish }: Change): Recorded => {
    row.last_event_id += events.length
    if (finish) row.finished_at = 1
    return { ok: true, last_event_id: row.last_event_id, cancel_requested_at: row.cancel_requested_at, kept: [] }
  }
  const record = (_: unknown, change: Change) =>
    new Promise<Recorded>((resolve, reject) => {
      writes.push({ change, commit: () => resolve(apply(change)), fail: reject, answer: resolve })
    })
  const run = vi.fn(async () => row as unknown as RunDetail)
  const note = vi.fn(async () => undefined)
  return { store: { record, run, note } as unknown as Store, writes, row, apply, run, note }
}

function setUp(given: Partial<Row> = {}, onTold: (told: string, journal: RunJournal) => void = () => undefined) {
  const slow = slowStore(given)
  const told: string[] = []
  const heard = { onLost: vi.fn(), onCancelAsked: vi.fn(), onTrouble: vi.fn(), onFault: vi.fn() }
  const journal = new RunJournal({
    store: slow.store,
    lease: LEASE,
    last_event_id: slow.row.last_event_id,
    now: () => 5,
    tell: ({ id, event }) => {
      const { task_id = '', delta: text = task_id } = event.data as { task_id?: string; delta?: string }
      told.push(`${id ?? '-'}:${text}`)
      onTold(text, journal)
    },
    ...heard,
  })
  /** The nth write, from 0, as soon as it is asked for. */
  const write = async (index: number) => {
    while (slow.writes.length <= index) await turnOfTheLoop()
    return slow.writes[index] as (typeof slow.writes)[number]
  }
  return { ...slow, ...heard, journal, told, write }
}

const idsOf = ({ events = [], outcomes = [] }: Change) => [
  ...events.map(({ data }) => (data as { task_id: string }).task_id),
  ...outcomes.map(({ task_id }) => `=${task_id}`),
]

describe('what a run leaves in the store', () => {
  it('goes in one write for one turn of the event loop, and in one more for all that comes meanwhile', async () => {
    const { journal, write, writes, told } = setUp()
    journal.status('running')
    journal.event(queued('a'))
    journal.outcome('a', outcome('text'))
    const first = await write(0)
    expect(first.change).toMatchObject({ at: 5, status: 'running' })
    expect(idsOf(first.change)).toEqual(['a', '=a'])
    for (const id of ['b', 'c']) {
      journal.event(queued(id))
      journal.outcome(id, outcome('text'))
      await turnOfTheLoop()
    }
    expect(writes).toHaveLength(1)
    expect(told).toEqual([])
    first.commit()
    const second = await write(1)
    expect(told).toEqual(['1:a'])
    expect(idsOf(second.change)).toEqual(['b', 'c', '=b', '=c'])
    expect(second.change.status).toBeUndefined()
    second.commit()
    expect(await journal.flush()).toBe(true)
    expect(told).toEqual(['1:a', '2:b', '3:c'])
    expect(writes).toHaveLength(2)
  })

  it('is written also where it comes when a write has just looked for more', async () => {
    const { journal, write, told } = setUp({}, (text, subject) => {
      if (text === 'word') subject.event(queued('late'))
    })
    journal.event(queued('a'))
    const first = await write(0)
    journal.event(delta('word'))
    first.commit()
    const second = await write(1)
    expect(idsOf(second.change)).toEqual(['late'])
    second.commit()
    expect(await journal.flush()).toBe(true)
    expect(told).toEqual(['1:a', '-:word', '2:late'])
  })

  it('and comes for the audit while the end is being written goes there by itself, after it', async () => {
    const { journal, write, note } = setUp()
    const closed = journal.close(FINISH)
    const end = await write(0)
    const late = { at: 7, actor: 'nurse', action: 'run.client_disconnected', object: 'run/r' }
    journal.note(late)
    expect(note).not.toHaveBeenCalled()
    end.commit()
    expect(await closed).toBe(true)
    expect(note.mock.calls).toEqual([['t', [{ ...late, outcome: 'ok' }]]])
  })

  it('is numbered on from the history that there is', async () => {
    const { journal, write, told } = setUp({ last_event_id: 41 })
    journal.event(queued('a'))
    ;(await write(0)).commit()
    await journal.flush()
    expect(told).toEqual(['42:a'])
  })

  it('ends with the end, in the same write as what came last', async () => {
    const { journal, write, writes, told } = setUp()
    journal.event(queued('a'))
    journal.outcome('a', outcome('text'))
    const closed = journal.close(FINISH)
    const only = await write(0)
    expect(only.change).toMatchObject(FINISH)
    expect(idsOf(only.change)).toEqual(['a', '=a'])
    only.commit()
    expect(await closed).toBe(true)
    expect(told).toEqual(['1:a'])
    await turnOfTheLoop()
    expect(writes).toHaveLength(1)
  })

  it('ends after a write that is on its way', async () => {
    const { journal, write, writes } = setUp()
    journal.event(queued('a'))
    const first = await write(0)
    journal.event(queued('b'))
    const closed = journal.close({ status: 'awaiting_approval' })
    await turnOfTheLoop()
    expect(writes).toHaveLength(1)
    first.commit()
    ;(await write(1)).commit()
    const last = await write(2)
    expect(last.change.status).toBe('awaiting_approval')
    last.commit()
    expect(await closed).toBe(true)
  })
})

describe('a delta', () => {
  it('is told at once when nothing before it waits, and costs no write', async () => {
    const { journal, told, writes } = setUp()
    journal.event(delta('x'))
    journal.event(delta('y'))
    expect(told).toEqual(['-:x', '-:y'])
    expect(await journal.flush()).toBe(true)
    expect(writes).toEqual([])
  })

  it('keeps its place between events that are being recorded, and is not recorded', async () => {
    const { journal, told, write, writes } = setUp()
    journal.event(queued('a'))
    journal.event(delta('x'))
    const first = await write(0)
    journal.event(delta('y'))
    journal.event(queued('b'))
    journal.event(delta('z'))
    first.commit()
    const second = await write(1)
    expect([idsOf(first.change), idsOf(second.change)]).toEqual([['a'], ['b']])
    second.commit()
    await journal.flush()
    expect(told).toEqual(['1:a', '-:x', '-:y', '2:b', '-:z'])
    expect(writes).toHaveLength(2)
  })

  it('that comes alone while a write is on its way is told after it, without another write', async () => {
    const { journal, told, write, writes } = setUp()
    journal.event(queued('a'))
    const first = await write(0)
    journal.event(delta('x'))
    first.commit()
    await journal.flush()
    await turnOfTheLoop()
    expect(told).toEqual(['1:a', '-:x'])
    expect(writes).toHaveLength(1)
  })
})

describe('a run that is lost', () => {
  it.each(['stale', 'finished', 'not_found'] as const)('(%s) tells and writes nothing more', async (reason) => {
    const { journal, write, writes, told, onLost } = setUp()
    journal.event(queued('a'))
    const first = await write(0)
    journal.event(queued('b'))
    first.answer({ ok: false, reason })
    expect(await journal.flush()).toBe(false)
    expect(onLost).toHaveBeenCalledTimes(1)
    journal.event(queued('c'))
    journal.event(delta('x'))
    journal.outcome('c', outcome('text'))
    expect(await journal.close(FINISH)).toBe(false)
    await turnOfTheLoop()
    expect(writes).toHaveLength(1)
    expect(told).toEqual([])
    expect(await journal.flush()).toBe(false)
  })

  it('by what the store will never take: it is a fault, and is not tried again', async () => {
    const { journal, write, writes, onFault, onTrouble } = setUp()
    journal.event(queued('a'))
    const error = new StoreError('unstorable', 'no')
    ;(await write(0)).fail(error)
    expect(await journal.flush()).toBe(false)
    expect(onFault).toHaveBeenCalledExactlyOnceWith(error)
    expect(onTrouble).not.toHaveBeenCalled()
    expect(writes).toHaveLength(1)
  })
})

describe('a store that is away', () => {
  it('is tried again until it takes the end', async () => {
    const { journal, write, writes, onTrouble, told } = setUp()
    journal.event(queued('a'))
    const closed = journal.close(FINISH)
    for (let index = 0; index < 3; index++) (await write(index)).fail(away())
    ;(await write(3)).commit()
    expect(await closed).toBe(true)
    expect(onTrouble).toHaveBeenCalledTimes(3)
    expect(writes.map(({ change }) => change)).toEqual(writes.map(() => writes[0]?.change))
    expect(told).toEqual(['1:a'])
  })

  it.each([
    ['events', {}],
    ['the end', FINISH],
  ])('may have committed %s all the same: nothing is written twice', async (_, end) => {
    const { journal, write, writes, told, apply } = setUp({ last_event_id: 7 })
    journal.event(queued('a'))
    journal.event(queued('b'))
    const done = 'finish' in end ? journal.close(end) : journal.flush()
    const first = await write(0)
    apply(first.change)
    first.fail(away())
    expect(await done).toBe(true)
    expect(writes).toHaveLength(1)
    expect(told).toEqual(['8:a', '9:b'])
  })

  it('and comes back when somebody else has the run: it is lost', async () => {
    const { journal, write, row, onLost, writes } = setUp()
    journal.event(queued('a'))
    const done = journal.flush()
    ;(await write(0)).fail(away())
    Object.assign(row, { epoch: 4, last_event_id: 9 })
    expect(await done).toBe(false)
    expect(onLost).toHaveBeenCalledTimes(1)
    expect(writes).toHaveLength(1)
  })
})

describe('a request to cancel', () => {
  it('is heard with the next write', async () => {
    const { journal, write, row, onCancelAsked } = setUp()
    journal.event(queued('a'))
    const first = await write(0)
    row.cancel_requested_at = 4
    first.commit()
    await journal.flush()
    expect(onCancelAsked).toHaveBeenCalledTimes(1)
  })
})

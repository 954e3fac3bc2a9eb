import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Keeper, type KeeperParts } from '../../../src/archive/keeper.ts'
import { StoreError } from '../../../src/store/errors.ts'
import type { Store } from '../../../src/store/port.ts'
import type { AtWork, RunRecord, Unfinished } from '../../../src/store/records.ts'
import { createLogger } from '../../../src/telemetry/log.ts'

const run = (run_id: string, given: Partial<RunRecord> = {}): RunRecord => ({
  tenant: 't',
  run_id,
  workflow_type: 'custom',
  mode: 'async',
  subject: 's',
  status: 'running',
  epoch: 1,
  owner: null,
  request_hash: 'h',
  created_at: 0,
  started_at: 0,
  finished_at: null,
  touched_at: 0,
  cancel_requested_at: null,
  last_event_id: 0,
  ...given,
})

/** A keeper of `me` over a store that holds these runs; what it takes is in its hands from then on. */
function keeperOf(runs: RunRecord[], own: Partial<KeeperParts> = {}) {
  const inHand = new Set<string>()
  const looked = Promise.withResolvers<void>()
  let looks = 0
  const unfinished = async ({ others_than, limit }: Unfinished) =>
    runs.filter(({ owner }) => owner !== null && owner !== others_than).slice(0, limit)
  const atWork = async (me: string, most: { held: number; free: number }): Promise<AtWork> => {
    if (++looks === 2) looked.resolve()
    return {
      ours: runs.filter(({ owner }) => owner === me).slice(0, most.held),
      others: runs.filter(({ owner }) => owner !== null && owner !== me).slice(0, most.held),
      free: runs.filter(({ owner }) => owner === null).slice(0, most.free),
    }
  }
  const heartbeat = vi.fn(async () => runs.length)
  const take = vi.fn(async (one: RunRecord) => {
    Object.assign(one, { owner: 'me', epoch: one.epoch + 1 })
    inHand.add(one.run_id)
  })
  const cancel = vi.fn()
  const lines: Record<string, unknown>[] = []
  const keeper = new Keeper({
    store: {
      unfinished,
      atWork,
      heartbeat,
      expireApprovals: async () => [],
      requeueDecided: async () => 0,
    } as unknown as Store,
    owner: 'me',
    exclusive: false,
    now: () => 1_000_000,
    log: createLogger('info', { write: (text) => void lines.push(JSON.parse(text)) }),
    inHand,
    room: () => 100,
    gone: async () => new Set(),
    take,
    cancel,
    ...own,
  })
  onTestFinished(() => keeper.stop())
  return { keeper, take, cancel, heartbeat, inHand, lines, looked: looked.promise }
}

const taken = (take: { mock: { calls: [RunRecord][] } }) => take.mock.calls.map(([{ run_id }]) => run_id)

describe('looking after stored runs', () => {
  it('takes at the start what another owner left, where nobody else can be', async () => {
    const { keeper, take } = keeperOf([run('a', { owner: 'dead' }), run('b', { owner: 'dead' })], { exclusive: true })
    await keeper.start()
    expect(taken(take)).toEqual(['a', 'b'])
  })

  it('leaves alone what somebody else has, however old its last sign of life says that it is', async () => {
    const { keeper, take, looked } = keeperOf([run('a', { owner: 'other', touched_at: 1 }), run('free')])
    await keeper.start()
    keeper.wake()
    await looked
    expect(taken(take)).toEqual(['free'])
  })

  it('goes on past a run that cannot be taken up, says so once, and does not try it at every look', async () => {
    const runs = [run('ill'), run('well')]
    const take = vi.fn(async (one: RunRecord) => {
      if (one.run_id === 'ill') throw new StoreError('key_missing', 'no key')
      one.owner = 'me'
    })
    const { keeper, looked, lines } = keeperOf(runs, { take })
    await keeper.start()
    keeper.wake()
    await looked
    await keeper.stop()
    expect(taken(take)).toEqual(['ill', 'well'])
    expect(lines).toMatchObject([{ level: 50, run_id: 'ill', msg: 'a stored run cannot be taken up' }])
  })

  it('takes no more than there is room for', async () => {
    let room = 2
    const runs = ['a', 'b', 'c'].map((id) => run(id))
    const take = vi.fn(async (one: RunRecord) => {
      one.owner = 'me'
      room--
    })
    const { keeper } = keeperOf(runs, { take, room: () => room })
    await keeper.start()
    await expect.poll(() => room, { interval: 1 }).toBe(0)
    keeper.wake()
    await keeper.stop()
    expect(taken(take)).toEqual(['a', 'b'])
  })

  it('gives signs of life while it waits for the claim of a run', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { promise, resolve } = Promise.withResolvers<void>()
    const { keeper, heartbeat, inHand } = keeperOf([run('slow')], { take: () => promise })
    inHand.add('mine')
    await keeper.start()
    await vi.advanceTimersByTimeAsync(3000)
    expect(heartbeat).toHaveBeenCalledTimes(3)
    resolve()
  })

  it('claims four runs at a time, and lets one that takes long keep nobody waiting', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const runs = Array.from({ length: 20 }, (_, at) => run(`r${at}`))
    let atOnce = 0
    let most = 0
    const take = vi.fn(async (one: RunRecord) => {
      most = Math.max(most, ++atOnce)
      one.owner = 'me'
      await (one.run_id === 'r0' ? promise : Promise.resolve())
      atOnce--
    })
    const { keeper } = keeperOf(runs, { take })
    await keeper.start()
    await expect.poll(() => taken(take).length, { interval: 1 }).toBe(20)
    expect([most, atOnce]).toEqual([4, 1])
    resolve()
  })

  it('takes at the next look what it could not while the store was away, and has not taken the rest twice', async () => {
    let away = true
    const runs = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => run(id))
    const take = vi.fn(async (one: RunRecord) => {
      if (away && one.run_id === 'b') throw new StoreError('unavailable', 'gone')
      one.owner = 'me'
    })
    const { keeper, lines } = keeperOf(runs, { take })
    await keeper.start()
    await expect.poll(() => lines.length, { interval: 1 }).toBe(1)
    expect(lines).toMatchObject([{ level: 40, msg: 'looking after stored runs failed' }])
    away = false
    keeper.wake()
    await expect.poll(() => runs.every(({ owner }) => owner === 'me'), { interval: 1 }).toBe(true)
    const counts = Map.groupBy(taken(take), (id) => id)
    for (const { run_id } of runs) expect(counts.get(run_id)).toHaveLength(run_id === 'b' ? 2 : 1)
  })

  it('passes on what another process was asked to cancel', async () => {
    const mine = run('a', { owner: 'me', cancel_requested_at: 5 })
    const { keeper, cancel, inHand, looked, take } = keeperOf([mine, run('b', { owner: 'me' })])
    inHand.add('a').add('b')
    await keeper.start()
    keeper.wake()
    await looked
    expect(cancel).toHaveBeenCalledWith('a')
    expect(cancel).not.toHaveBeenCalledWith('b')
    expect(take).not.toHaveBeenCalled()
  })

  it('tells of a store that is away once, and goes on when it is back', async () => {
    let away = 2
    const runs = [run('a')]
    const { keeper, take, lines } = keeperOf(runs, {
      store: {
        atWork: async () => {
          if (away-- > 0) throw new StoreError('unavailable', 'gone')
          return { ours: [], others: [], free: runs.filter(({ owner }) => owner === null) }
        },
        expireApprovals: async () => [],
        requeueDecided: async () => 0,
      } as unknown as Store,
    })
    await keeper.start()
    await expect
      .poll(
        () => {
          keeper.wake()
          return taken(take)
        },
        { interval: 1 },
      )
      .toEqual(['a'])
    expect(lines).toMatchObject([{ level: 40, msg: 'looking after stored runs failed' }])
  })

  it('asks the store one question a second when there is nothing to do, and keeps house every five', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const store = {
      atWork: vi.fn(async () => ({ ours: [], others: [], free: [] })),
      expireApprovals: vi.fn(async () => []),
      requeueDecided: vi.fn(async () => 0),
    }
    const { keeper } = keeperOf([], { store: store as unknown as Store })
    await keeper.start()
    await vi.advanceTimersByTimeAsync(20_500)
    expect(store.atWork).toHaveBeenCalledTimes(21)
    expect(store.expireApprovals).toHaveBeenCalledTimes(5)
    expect(store.requeueDecided).toHaveBeenCalledTimes(5)
    // A run was parked or decided on: nobody waits five seconds for that.
    keeper.wake()
    await vi.advanceTimersByTimeAsync(0)
    expect(store.requeueDecided).toHaveBeenCalledTimes(6)
  })
})

import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import type { Notice } from '../../../src/queue/notices.ts'
import { Replicas } from '../../../src/queue/replicas.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import type { AdmissionRequest } from '../../../src/run/lane-port.ts'
import { openReplicas, until } from '../../contracts/lane-subjects.ts'
import { claimant } from '../../helpers/fake-port.ts'
import { ownPrefix, REDIS_URL, redisIsWanted, redisServerIsThere, startRedis } from '../../helpers/redis.ts'

const requestOf = (own: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  claimant: claimant({ tenant: 'St. Canary' }),
  priority: 0,
  rank: 0,
  work: 0,
  deadline: performance.now() + 60_000,
  cancel: new Cancellation(),
  ...own,
})

describe.skipIf(!redisIsWanted)('two replicas in one queue', () => {
  it('serve the more urgent call first, whichever replica it waits at', async () => {
    const { lanes, prefix, close } = await openReplicas(['a', 'b'], 1)
    const [a, b] = lanes as [(typeof lanes)[0], (typeof lanes)[0]]
    const redis = new Redis(REDIS_URL)
    const order: string[] = []
    const ask = async (lane: typeof a, name: string, priority: number) => {
      await lane.acquire(requestOf({ priority }))
      order.push(name)
    }
    await ask(a, 'holder', 0)
    const waits = [ask(a, 'a 1', 1), ask(b, 'b 4', 4), ask(a, 'a 3', 3), ask(b, 'b 2', 2)]
    await until(async () => {
      const [queue] = await redis.keys(`${prefix}:*:prioritized`)
      return queue !== undefined && (await redis.zcard(queue)) === waits.length
    }, 'all in one queue')
    redis.disconnect()
    const expected = ['holder', 'b 4', 'a 3', 'b 2', 'a 1']
    for (const [at, name] of expected.entries()) {
      await until(() => order.length > at, name)
      ;(name.startsWith('b') ? b : a).release(requestOf(), 0)
    }
    await Promise.all(waits)
    expect(order).toEqual(expected)
    expect([a.busy, b.busy, a.queued, b.queued]).toEqual([0, 0, 0, 0])
    await close()
  })

  it('give a permit that came for a call which gave up to the next, at the other replica', async () => {
    const { lanes, close } = await openReplicas(['a', 'b'], 1)
    const [a, b] = lanes as [(typeof lanes)[0], (typeof lanes)[0]]
    await a.acquire(requestOf())
    const cancel = new Cancellation()
    const gone = b.acquire(requestOf({ cancel, priority: 5 }))
    const next = a.acquire(requestOf())
    cancel.cancel('cancelled')
    a.release(requestOf(), 0)
    expect(await Promise.all([gone, next])).toEqual(['cancelled', 'granted'])
    await close()
  })

  it('keep nothing in Redis that names a tenant or a caller', async () => {
    const { lanes, replicas, prefix, close } = await openReplicas(['a', 'b'], 1)
    const redis = new Redis(REDIS_URL)
    // One holds the permit, one waits.
    for (const lane of lanes) void lane.acquire(requestOf())
    await replicas[0]?.rateCounts.take('St. Canary\nann', 60_000, 5)
    const keys = await redis.keys(`${prefix}*`)
    expect(keys.length).toBeGreaterThan(3)
    const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)))
    for (const bytes of [...keys, ...dumps.map((dump) => dump?.toString('latin1') ?? '')])
      expect(bytes).not.toContain('Canary')
    await close()
    redis.disconnect()
  })

  it('know each other, and notice when one has gone', async () => {
    const { replicas, close } = await openReplicas(['a', 'b'], 1)
    const [a, b] = replicas as [Replicas, Replicas]
    await until(() => a.members.living.length === 2 && b.members.living.length === 2, 'both know both')
    await b.close()
    await until(() => a.members.living.length === 1, 'the departure of b')
    expect(a.members.living).toEqual(['a'])
    await close()
  })

  it('tell each other what happens to runs', async () => {
    const { replicas, close } = await openReplicas(['a', 'b'], 1)
    const [a, b] = replicas as [Replicas, Replicas]
    const heard: Notice[] = []
    b.notices.onNotice((notice) => heard.push(notice))
    await a.notices.publish({ notice: 'cancel', run_id: 'r1' })
    await a.notices.publish({ notice: 'wake' })
    await until(() => heard.length === 2, 'two notices')
    expect(heard).toEqual([{ notice: 'cancel', run_id: 'r1' }, { notice: 'wake' }])
    await close()
  })

  it('count requests together, by the clock of Redis', async () => {
    const { replicas, close } = await openReplicas(['a', 'b'], 1)
    const currents: number[] = []
    for (let i = 0; i < 8; i++)
      currents.push((await (replicas[i % 2] as Replicas).rateCounts.take('caller', 60_000, 5)).current)
    expect(currents).toEqual([1, 2, 3, 4, 5, 6, 6, 6])
    const { current, ttl } = await (replicas[0] as Replicas).rateCounts.look('caller', 60_000)
    expect(current).toBe(5)
    expect(ttl).toBeGreaterThan(50_000)
    await close()
  })
})

describe.skipIf(!redisServerIsThere)('a replica whose Redis does not answer', () => {
  it.each(['stopped', 'frozen'])('begins alone when it is %s, and can be closed', async (how) => {
    const redis = await startRedis()
    if (how === 'stopped') await redis.stop()
    else redis.freeze()
    const replicas = new Replicas({ url: redis.url, replica: 'a', prefix: ownPrefix(), log: () => {} })
    await replicas.settled(100)
    expect(replicas.degraded).toBe(true)
    const source = replicas.permitsOf({ url: 'http://m/v1', served_model: 'm', slots: 3, gpu: { id: 0, max: 2 } })
    expect([source.state, source.alone, source.gpuAlone]).toEqual(['away', 3, 2])
    await expect(replicas.rateCounts.take('caller', 1000, 5)).rejects.toThrow('away')
    await replicas.close()
  })

  it('can be closed while it holds permits and Redis is frozen', async () => {
    const redis = await startRedis()
    const replicas = new Replicas({ url: redis.url, replica: 'a', prefix: ownPrefix(), log: () => {} })
    const source = replicas.permitsOf({ url: 'http://m/v1', served_model: 'm', slots: 1, gpu: { id: 0, max: null } })
    await replicas.settled(10_000)
    await new Promise<void>((resolve) => {
      source.ask(1, { granted: () => resolve(), lost: () => undefined })
    })
    redis.freeze()
    await replicas.close()
    expect(replicas.degraded).toBe(true)
  })
})

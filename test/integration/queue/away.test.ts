import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import type { ServerProcess } from '../../helpers/process.ts'
import { type OwnRedis, ownPrefix, redisServerIsThere, startRedis } from '../../helpers/redis.ts'
import { eventually, startReplicas, waitsOf } from './cluster.ts'
import { type Ledger, openLedger } from './ledger.ts'

interface Scene {
  redis: OwnRedis
  ledger: Ledger
  replicas: ServerProcess[]
}

async function open(slots: number, callers: number, keeps = false): Promise<Scene> {
  const redis = await startRedis({ keeps })
  const ledger = await openLedger(5)
  const settings = { url: redis.url, prefix: ownPrefix(), gpu_max: null, callers, pause_ms: callers > 2 ? 0 : 10 }
  const replicas = await startReplicas(2, { ...settings, ledger: ledger.url, slots: [slots] })
  await eventually(() => ledger.begun('a') > 10 && ledger.begun('b') > 10, 'both at work')
  return { redis, ledger, replicas: [...replicas.values()] }
}

const all = (replicas: ServerProcess[], pattern: RegExp) => Promise.all(replicas.map(({ says }) => says(pattern)))
const goesOn = async ({ begun }: Ledger, calls: number) => {
  const [a, b] = [begun('a'), begun('b')]
  await eventually(() => begun('a') >= a + calls && begun('b') >= b + calls, `${calls} more calls of both`)
}

describe.skipIf(!redisServerIsThere)('replicas that have lost Redis', { timeout: 60_000 }, () => {
  it.each(['stopped', 'frozen'])('go on by themselves while it is %s, and share again when it is back', async (how) => {
    const { redis, ledger, replicas } = await open(4, 2)
    if (how === 'stopped') await redis.stop()
    else redis.freeze()
    await all(replicas, /"queue_away"/)
    await goesOn(ledger, 50)
    // Both have room for their calls: nobody waits for a Redis that does not answer.
    expect(replicas.flatMap(waitsOf).filter(({ degraded }) => degraded).length).toBeGreaterThan(50)
    expect(ledger.peak()).toBeLessThanOrEqual(4)
    if (how === 'stopped') await redis.start()
    else redis.thaw()
    await all(replicas, /"queue_away"[\s\S]*"queue_shared"/)
    await goesOn(ledger, 50)
    expect(ledger.peak()).toBeLessThanOrEqual(4)
  })

  it.each([
    ['with what it held', true],
    ['empty', false],
  ])('never pass the slots of a busy server while it is started again, %s', async (_, keeps) => {
    const { redis, ledger, replicas } = await open(4, 8, keeps)
    await redis.stop()
    await all(replicas, /"queue_away"/)
    await redis.start()
    await all(replicas, /"queue_away"[\s\S]*"queue_shared"/)
    await goesOn(ledger, 100)
    expect(ledger.peak()).toBe(4)
  })

  it('never pass them when it is emptied under their hands', async () => {
    const { redis, ledger, replicas } = await open(4, 8)
    const client = new Redis(redis.url)
    await client.flushall()
    client.disconnect()
    await all(replicas, /"emptied"[\s\S]*"queue_shared"/)
    await goesOn(ledger, 100)
    expect(ledger.peak()).toBe(4)
  })

  it('never pass them although it was frozen until every lock had run out', async () => {
    const { redis, ledger, replicas } = await open(4, 8)
    redis.freeze()
    await all(replicas, /"queue_away"/)
    const away = performance.now()
    await eventually(() => performance.now() - away > 3500, 'longer than a lock')
    await goesOn(ledger, 50)
    redis.thaw()
    await all(replicas, /"queue_away"[\s\S]*"queue_shared"/)
    await goesOn(ledger, 100)
    expect(ledger.peak()).toBe(4)
  })
})

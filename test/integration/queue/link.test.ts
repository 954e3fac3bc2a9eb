import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { RedisLink } from '../../../src/queue/link.ts'
import { ownPrefix, REDIS_URL, redisIsWanted } from '../../helpers/redis.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

describe.skipIf(!redisIsWanted)('the link to Redis', () => {
  it('keeps nothing of what it was asked', async () => {
    const link = new RedisLink({ url: REDIS_URL, prefix: ownPrefix(), silence_ms: 10_000, log: () => {} })
    await link.settled(10_000)
    const askOften = async () => {
      for (let i = 0; i < 50; i++)
        await Promise.all(Array.from({ length: 200 }, () => link.attempt((redis) => redis.ping())))
      collect()
      return process.memoryUsage().heapUsed
    }
    const first = await askOften()
    const second = await askOften()
    expect(link.state).toBe('shared')
    // 10,000 answers: a promise kept for each would be over 3 MB.
    expect(second - first).toBeLessThan(1_500_000)
    link.close()
  })
})

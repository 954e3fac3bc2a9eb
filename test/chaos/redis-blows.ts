import { setTimeout as pause } from 'node:timers/promises'
import type { Chance } from './chance.ts'
import type { OwnRedis } from './redis-server.ts'
import type { RedisStrike } from './strikes.ts'

/** In turn, so that a few strikes are one of each. */
const KINDS: readonly RedisStrike[] = ['redis_kill', 'redis_flush', 'redis_freeze', 'redis_stop']

export const redisKind = (index: number): RedisStrike => KINDS[index % KINDS.length] as RedisStrike

/** Strikes Redis; resolves when it answers again. */
export async function strikeRedis(redis: OwnRedis, kind: RedisStrike, chance: Chance): Promise<void> {
  if (kind === 'redis_flush') return await redis.flush()
  if (kind === 'redis_freeze') {
    redis.freeze()
    await pause(chance.between(1000, 3000))
    return redis.thaw()
  }
  await redis.end(kind === 'redis_kill' ? 'SIGKILL' : 'SIGTERM')
  await pause(chance.pick([0, 1000, 5000]))
  await redis.start()
}

import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { startListening } from '../../helpers/process.ts'
import { redisServerIsThere, startRedis } from '../../helpers/redis.ts'
import { AUTH, PATIENCE_MS, STARTS } from './i-asked.ts'
import { until } from './until.ts'

const LIMIT = 40
const WINDOW_MS = 2000

interface Passed {
  sent: number
  heard: number
}

/** Two replicas behind one limit. */
async function arranged() {
  const [database, redis] = [await createDatabase(), await startRedis()]
  onTestFinished(() => database.drop())
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    RATE_LIMIT_MAX: `${LIMIT}`,
    RATE_LIMIT_WINDOW_MS: `${WINDOW_MS}`,
  }
  const replicas = await Promise.all([startListening(env), startListening(env)])
  const passed: Passed[] = []
  /** Asks both in turn for so long, as fast as `gap_ms` says. */
  const ask = async (ms: number, gap_ms: number) => {
    const end = performance.now() + ms
    const asked: Promise<void>[] = []
    for (let n = 0; performance.now() < end; n++) {
      const sent = performance.now()
      const one = async () => {
        const response = await fetch(`${replicas[n % 2]?.origin}/v1/workflows/types`, { headers: AUTH })
        await response.body?.cancel()
        if (response.status === 200) passed.push({ sent, heard: performance.now() })
        else expect(response.status).toBe(429)
      }
      asked.push(one())
      await pause(gap_ms)
    }
    await Promise.all(asked)
  }
  return { redis, replicas, passed, ask }
}

/** The most that were let through in any window: they were sent and answered within it, so they were counted within it. */
const mostInAWindow = (passed: readonly Passed[]): number =>
  Math.max(
    0,
    ...passed.map(
      ({ sent: from }) => passed.filter(({ sent, heard }) => sent >= from && heard < from + WINDOW_MS).length,
    ),
  )

describe.runIf(postgresIsWanted && redisServerIsThere)('T06: two replicas and one limit', STARTS, () => {
  test('let no more than the limit through in any window, wherever it begins', async () => {
    const { passed, ask } = await arranged()
    // Bursts around where a window that does not slide would begin anew, and a steady stream over several.
    await ask(WINDOW_MS / 10, 1)
    await pause(WINDOW_MS * 0.8)
    await ask(WINDOW_MS * 2, 10)
    expect(passed.length).toBeGreaterThanOrEqual(LIMIT)
    expect(mostInAWindow(passed)).toBeLessThanOrEqual(LIMIT * 1.05)
  })

  test('without Redis let each no more than its part through', async () => {
    const { redis, replicas, passed, ask } = await arranged()
    await ask(WINDOW_MS / 4, 5)
    await redis.stop()
    await Promise.all(replicas.map(({ says }) => says(/queue_away/)))
    await ask(WINDOW_MS * 2, 10)
    expect(passed.length).toBeGreaterThan(LIMIT)
    expect(mostInAWindow(passed)).toBeLessThanOrEqual(LIMIT * 1.05)
    await redis.start()
    await until(
      async () => replicas.every(({ out }) => /queue_away[\s\S]*queue_shared/.test(out())),
      'both share again',
      PATIENCE_MS,
    )
  })
})

import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ExecuteResponse } from '../../../src/contract/result.ts'
import { postgresIsWanted } from '../../contracts/store-subjects.ts'
import { redisServerIsThere, startRedis } from '../../helpers/redis.ts'
import { post } from '../faults/i-asked.ts'
import { until } from '../faults/until.ts'
import { salvo } from '../lanes/shots.ts'
import { eventually } from './cluster.ts'
import { startServices } from './services.ts'
import { spreadOf } from './spread.ts'

const PER_SECOND = 25
const CALM_MS = 3000
const FROZEN_MS = 3000
/** So many that the lane is never full, however busy the machine: then waiting is right. */
const SLOTS = 32

interface Shot {
  origin: string
  sent: number
  status: number
  took_ms: number
  queue_ms: number
}

async function shoot(origin: string): Promise<Shot> {
  const sent = performance.now()
  const response = await post(origin)
  const { results } = (await response.json()) as ExecuteResponse
  return {
    origin,
    sent,
    status: response.status,
    took_ms: performance.now() - sent,
    queue_ms: results?.[0]?.queue_ms ?? 0,
  }
}

describe.skipIf(!redisServerIsThere || !postgresIsWanted)('services whose Redis freezes', { timeout: 90_000 }, () => {
  it('answer every request, and nobody waits for it', async () => {
    const redis = await startRedis()
    const { a, b, model } = await startServices(redis.url, SLOTS, 20)
    const origins = [a.origin, b.origin]
    await salvo(PER_SECOND, 1000, (at) => shoot(origins[at % 2] as string))

    const all_ms = CALM_MS + FROZEN_MS + CALM_MS
    const shots = salvo((PER_SECOND * all_ms) / 1000, all_ms, (at) => shoot(origins[at % 2] as string))
    await pause(CALM_MS)
    const frozen = performance.now()
    redis.freeze()
    await pause(FROZEN_MS)
    const thawed = performance.now()
    redis.thaw()
    const answers = await shots
    await Promise.all([a, b].map(({ says }) => says(/"queue_away"[\s\S]*"queue_shared"/)))

    const during = (from: number, to: number) => answers.filter(({ sent }) => sent >= from && sent < to)
    const phases = {
      before: during(0, frozen - 100),
      // What was in flight when it froze is of that time too.
      frozen: during(frozen - 100, thawed),
      after: during(thawed, Number.POSITIVE_INFINITY),
    }
    for (const [phase, own] of Object.entries(phases)) {
      const [queued, took] = [spreadOf(own.map((one) => one.queue_ms)), spreadOf(own.map((one) => one.took_ms))]
      console.info(`${phase}: queue_ms ${JSON.stringify(queued)}, whole answer ${JSON.stringify(took)}`)
    }
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    // Half of a service's requests while Redis was frozen came in its first half: waiting for it, they would take that much longer.
    for (const origin of origins) {
      const waits = phases.frozen.filter((one) => one.origin === origin).map((one) => one.queue_ms)
      expect(spreadOf(waits).p50).toBeLessThan(FROZEN_MS / 3)
    }
    expect(model.peak()).toBeLessThanOrEqual(SLOTS)
    expect(Math.min(model.begun('a'), model.begun('b'))).toBeGreaterThan(answers.length / 3)
  })

  it('never ask a busy server for more than it has slots for', async () => {
    const redis = await startRedis()
    const { a, b, model } = await startServices(redis.url, 4, 20)
    let stopping = false
    onTestFinished(() => {
      stopping = true
    })
    const ask = async (origin: string) => {
      const statuses: number[] = []
      while (!stopping) {
        const { status } = await shoot(origin).catch(() => ({ status: 0 }))
        statuses.push(status)
      }
      return statuses
    }
    const callers = [a, b].flatMap(({ origin }) => Array.from({ length: 8 }, () => ask(origin)))
    await eventually(() => model.begun('a') > 20 && model.begun('b') > 20, 'both at work')
    redis.freeze()
    await Promise.all([a, b].map(({ says }) => says(/"queue_away"/)))
    const [ofA, ofB] = [model.begun('a'), model.begun('b')]
    // On the permits that they held, long before they may take their part of all.
    await until(() => model.begun('a') + model.begun('b') > ofA + ofB + 10, 'the next calls', 2500)
    await pause(FROZEN_MS)
    await eventually(() => model.begun('a') > ofA + 10 && model.begun('b') > ofB + 10, 'both go on')
    redis.thaw()
    await Promise.all([a, b].map(({ says }) => says(/"queue_away"[\s\S]*"queue_shared"/)))
    const done = model.done()
    await eventually(() => model.done() > done + 100, '100 more calls')
    stopping = true
    const statuses = (await Promise.all(callers)).flat()
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(model.peak()).toBe(4)
  })
})

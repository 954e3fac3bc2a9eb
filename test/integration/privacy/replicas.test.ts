import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { bearer, claims, hmacToken } from '../../helpers/gate-tokens.ts'
import { startListening } from '../../helpers/process.ts'
import { httpAnswer, startRawServer } from '../../helpers/raw-server.ts'
import { redisServerIsThere, startRedis } from '../../helpers/redis.ts'
import { custom } from '../../helpers/service.ts'
import { endOf, PATIENCE_MS, STARTS } from '../faults/i-asked.ts'
import { until } from '../faults/until.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { CANARY, CANARY_WORD, expectClean, LOUD_HEADERS, loud } from './canary.ts'

const WHO = 'nurse-4711'
const AUTH = bearer(hmacToken(claims({ sub: WHO, scope: 'workflows:execute workflows:read runs:read admin' })))

const body = custom([{ task_id: 'canary_task', prompt: CANARY }], { context: loud(['history']) })

/** All that a Redis holds, keys and values as bytes, and all that it is told from now on. */
async function listenTo(url: string) {
  const redis = new Redis(url)
  await redis.config('SET', 'rdbcompression', 'no')
  const monitor = await redis.monitor()
  const told: string[] = []
  monitor.on('monitor', (_time: string, command: string[]) => told.push(command.join(' ')))
  onTestFinished(() => {
    monitor.disconnect()
    redis.disconnect()
  })
  const held = async (): Promise<string> => {
    const all: string[] = []
    for (let cursor = '0', last = false; !last; last = cursor === '0') {
      const [next, keys] = await redis.scan(cursor, 'COUNT', 1000)
      cursor = next
      for (const key of keys) all.push(key, (await redis.dumpBuffer(key))?.toString('latin1') ?? '')
    }
    return all.join('\n')
  }
  return { redis, held, told: () => told.join('\n') }
}

test.runIf(postgresIsWanted && redisServerIsThere)(
  'two replicas at work on runs that wait in Redis: nothing of a patient is there, in the audit, in a webhook or in a log',
  STARTS,
  async () => {
    const [database, redis] = [await createDatabase(), await startRedis()]
    onTestFinished(() => database.drop())
    const listening = await listenTo(redis.url)
    const model = await startHeldModel()
    const hook = await startRawServer((call) => call.socket.write(httpAnswer({ status: 204 })))
    const env = {
      ...model.env,
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      LOG_LEVEL: 'trace',
      WEBHOOK_HOSTS: `127.0.0.1:${hook.port}`,
      WEBHOOK_SECRET: 'a webhook secret of thirty-two bytes',
    }
    const replicas = await Promise.all([startListening(env), startListening(env)])
    const send = (at: number, more: Record<string, string>, own: object = {}) =>
      fetch(`${replicas[at % 2]?.origin}/v1/workflows/execute`, {
        method: 'POST',
        headers: { ...LOUD_HEADERS, prefer: '', ...AUTH, 'content-type': 'application/json', ...more },
        body: JSON.stringify({ ...body, ...own }),
      })
    const webhook_url = `http://127.0.0.1:${hook.port}/told?token=4711`
    const accepted = [0, 1].map((at) => send(at, { prefer: 'respond-async' }, { webhook_url }))
    const runs: string[] = []
    for (const one of accepted) {
      const response = await one
      expect(response.status).toBe(202)
      runs.push(((await response.json()) as { run_id: string }).run_id)
    }
    const waiting = [send(0, {}), send(1, { 'idempotency-key': CANARY_WORD }), send(1, { accept: 'text/event-stream' })]
    // One has the only slot, the others wait for it, all of them in one queue.
    const inQueue = async () => {
      const [queue] = (await listening.redis.keys('*:prioritized')).filter((key) => !key.includes('gpu'))
      return queue !== undefined && (await listening.redis.zcard(queue)) === 4
    }
    await until(inQueue, 'four wait', PATIENCE_MS)
    const held = await listening.held()
    for (let n = 0; n < 5; n++) answer(await model.asked(n), `${CANARY}. The plan stands.`)
    for (const one of waiting) expect(await (await one).text()).toContain(CANARY)
    for (const run_id of runs) expect((await endOf(replicas[0].origin, run_id)).aggregated_content).toContain(CANARY)
    const told = await Promise.all(runs.map((_, at) => hook.call(at)))
    const audit = await (await fetch(`${replicas[1].origin}/v1/audit?limit=1000`, { headers: AUTH })).text()
    const after = await listening.held()
    for (const { signal, ended } of replicas) {
      signal('SIGTERM')
      expect(await ended).toEqual({ code: 0, signal: null })
    }

    expect(held.length).toBeGreaterThan(1000)
    expect(audit).toContain('run.create')
    const heard = listening.told()
    expect(heard.length).toBeGreaterThan(1000)
    for (const [what, text] of Object.entries({ held, after, heard })) {
      expectClean(text, what)
      expect(text).not.toContain(WHO)
    }
    expectClean(audit, 'audit')
    for (const { headers, path, body: sent } of told) expectClean(JSON.stringify([headers, path, sent]), 'webhook')
    for (const { out, err } of replicas) expectClean(out() + err(), 'log')
    // They would have shown it.
    await listening.redis.set('shown', CANARY)
    expect(await listening.held()).toContain(CANARY)
    expect(listening.told()).toContain(CANARY)
  },
)

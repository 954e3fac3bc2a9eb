import { PassThrough } from 'node:stream'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createLogger } from '../../../src/telemetry/log.ts'
import { WebhookMetrics } from '../../../src/telemetry/webhook-metrics.ts'
import { createWebhookObserver } from '../../../src/telemetry/webhook-observer.ts'
import { outcome } from '../../contracts/store-samples.ts'
import { startRawServer } from '../../helpers/raw-server.ts'
import { answer, dispatch, ended, openStore } from './subject.ts'

const CANARY = 'Canary-Patient-4711'
const IN_URL = 'canary-token-0815'

test('no clinical text, nobody’s name and nothing of the URL but its host leaves by call, log or metric', async () => {
  const store = await openStore()
  let failures = 0
  const server = await startRawServer((call) => answer(call, { status: failures++ < 1 ? 500 : 200, body: CANARY }))
  const lines = new PassThrough()
  let logged = ''
  lines.on('data', (chunk) => {
    logged += chunk
  })
  const registry = new Registry()
  const observer = createWebhookObserver(new WebhookMetrics('consilium_', registry), createLogger('info', lines))
  const url = `http://127.0.0.1:${server.port}/?token=${IN_URL}`
  const run = await ended(
    store,
    url,
    { request: { text: CANARY }, subject: CANARY, idempotency_key: CANARY },
    (at) => ({
      at,
      outcomes: [{ task_id: CANARY, outcome: outcome(CANARY) }],
      events: [{ event: 'run.finished', data: { text: CANARY } }],
      finish: { status: 'partial', response: { text: CANARY } },
    }),
  )
  dispatch(store, observer)
  await run.settled({ status: 'delivered', attempts: 2 })
  await expect.poll(() => logged.trim().split('\n')).toHaveLength(2)

  for (const { method, headers, body } of server.calls)
    expect(JSON.stringify([method, headers, body])).not.toMatch(CANARY)
  expect(logged).not.toMatch(CANARY)
  expect(logged).not.toMatch(IN_URL)
  const [failed, delivered] = logged
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const host = `127.0.0.1:${server.port}`
  expect(failed).toMatchObject({ level: 40, run_id: run.run_id, host, attempt: 1, status: 500, outcome: 'failed' })
  expect(delivered).toMatchObject({ level: 30, run_id: run.run_id, attempt: 2, status: 200, outcome: 'delivered' })
  const metrics = await registry.metrics()
  expect(metrics).toContain('consilium_webhook_deliveries_total{outcome="delivered"} 1')
  expect(metrics).toContain('consilium_webhook_deliveries_total{outcome="failed"} 1')
  expect(metrics).toContain('consilium_webhook_deliveries_total{outcome="given_up"} 0')
})

test('a webhook whose host has left the list is told as not called, with its host and nothing else of its URL', async () => {
  const store = await openStore()
  const server = await startRawServer((call) => answer(call))
  const lines = new PassThrough()
  let logged = ''
  lines.on('data', (chunk) => {
    logged += chunk
  })
  const observer = createWebhookObserver(new WebhookMetrics('consilium_', new Registry()), createLogger('info', lines))
  const run = await ended(store, `http://127.0.0.1:${server.port}/?token=${IN_URL}`)
  dispatch(store, { ...observer, hosts: ['elsewhere'], backoff: () => null })
  await run.settled({ status: 'given_up', attempts: 1 })
  await expect.poll(() => logged.trim()).not.toBe('')
  expect(
    logged
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    {
      level: 40,
      msg: 'webhook not called',
      host: `127.0.0.1:${server.port}`,
      status: null,
      error: 'host_not_allowed',
      outcome: 'given_up',
    },
  ])
  expect(logged).not.toMatch(IN_URL)
  expect(server.calls).toEqual([])
})

import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { startListening } from '../../helpers/process.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { AUTH, endOf, isReady, ONE, PATIENCE_MS, submit } from './i-asked.ts'
import { until } from './until.ts'

const MOST = 600
const ENOUGH = 10
const BODY = JSON.stringify({ ...ONE, context: { notes: 'x'.repeat(1_000_000) } })

test('I12: more runs than memory holds: the service refuses them before it is full, lives, and takes runs again', {
  timeout: 3 * PATIENCE_MS,
}, async () => {
  const model = await startHeldModel()
  const server = await startListening(model.env, ['--max-old-space-size=128'])
  const leaving = new AbortController()
  onTestFinished(() => leaving.abort())
  const statuses: (number | string)[] = []
  const ask = async () => {
    try {
      const response = await fetch(`${server.origin}/v1/workflows/execute`, {
        method: 'POST',
        headers: { ...AUTH, 'content-type': 'application/json' },
        body: BODY,
        signal: leaving.signal,
      })
      const { code } = (await response.json()) as { code?: string }
      statuses.push(`${response.status} ${code}`)
    } catch {
      statuses.push('broken')
    }
  }
  const refusals = () => statuses.filter((one) => one === '503 overloaded').length
  // Nobody is answered, so each of them stays in memory.
  for (let n = 0; n < MOST && refusals() < ENOUGH; n++) {
    void ask()
    await pause(10)
  }
  expect(refusals()).toBeGreaterThanOrEqual(ENOUGH)
  expect(new Set(statuses)).toEqual(new Set(['503 overloaded']))
  expect((await fetch(`${server.origin}/health/live`)).status).toBe(200)

  leaving.abort()
  const forgotten = async () =>
    (await (await fetch(`${server.origin}/metrics`)).text()).includes('\nconsilium_runs_in_flight 0\n')
  await until(forgotten, 'the runs of those who left have ended', PATIENCE_MS)
  await until(isReady(server.origin), 'ready', PATIENCE_MS)
  const before = model.count()
  const run_id = await submit(server.origin)
  answer(await model.asked(before))
  expect(await endOf(server.origin, run_id)).toMatchObject({ status: 'succeeded' })
  server.signal('SIGTERM')
  expect(await server.ended).toEqual({ code: 0, signal: null })
})

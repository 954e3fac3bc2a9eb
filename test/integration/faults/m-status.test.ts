import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../simulator/faults.ts'
import type { TaskErrorCode } from '../../../src/errors.ts'
import { startRawServer } from '../../helpers/raw-server.ts'
import { CHAT, CLINICAL } from '../../helpers/service.ts'
import { total } from '../lanes/oracle.ts'
import { clinicalRun, expectFailure, faultFails, outcomesOf, pair, resultIn } from './cases.ts'
import { SERVER_WORDS, startTrial } from './oracle.ts'

/** A status with a body full of words that nobody may see. */
const says = (status: number, more: object = {}): Fault => ({
  kind: 'status',
  status,
  body: JSON.stringify({ error: { message: SERVER_WORDS, type: SERVER_WORDS, code: SERVER_WORDS } }),
  ...more,
})

const alone = (more: object = {}) => clinicalRun([{ task_id: 'a', ...more }])
const httpDate = (inMs: number): string => new Date(Date.now() + inMs).toUTCString()

/** Retry-After → attempts; the code is that of the status. */
const WAITS: [string, string, number][] = [
  ['at once', '0', 3],
  ['until a date that is past', 'Sun, 06 Nov 1994 08:49:37 GMT', 3],
  ['until a date far off', 'Fri, 31 Dec 2100 23:59:59 GMT', 1],
  ['for longer than the deadline', '3600', 1],
  ['for more seconds than a number holds', '9'.repeat(400), 1],
  ['with a negative wait', '-5', 3],
  ['with junk for a wait', 'soon', 3],
]

describe.each<[string, number, TaskErrorCode]>([
  ['M05 429', 429, 'rate_limited'],
  ['M07 503', 503, 'upstream_error'],
])('%s with Retry-After', (row, status, code) => {
  it.each(WAITS)(`${row} with Retry-After %s`, async (_, retry_after, attempts) => {
    const { heard } = await faultFails(says(status, { retry_after }), code, attempts)
    if (attempts === 1) expect(heard.elapsed_ms, 'fails now, not at the deadline').toBeLessThan(2000)
  })

  it(`${row} with Retry-After in seconds or as a date is waited for, not less`, async () => {
    const trial = await startTrial()
    const due = httpDate(1500)
    trial.server(CHAT).setFaults([says(status, { retry_after: '1' })])
    trial.server(CLINICAL).setFaults([says(status, { retry_after: due })])
    const heard = await trial.ask(pair())
    expect(heard.run?.status).toBe('succeeded')
    const [first, second] = trial.server(CHAT).ledger.entries
    // A timer may fire a millisecond before its time.
    expect((second?.receivedAt ?? 0) - (first?.endedAt ?? 0)).toBeGreaterThan(998)
    const again = trial.server(CLINICAL).ledger.entries[1]?.receivedAt ?? 0
    expect(performance.timeOrigin + again).toBeGreaterThan(Date.parse(due) - 5)
  })
})

it('M05 429 without Retry-After is asked again after a pause of ours', async () => {
  await faultFails(says(429), 'rate_limited', 3)
})

it('M05 429 does not open the breaker, however many there are', async () => {
  const trial = await startTrial()
  trial.server(CHAT).setFaults(() => says(429, { retry_after: '3600' }))
  for (let count = 0; count < 25; count++) await trial.ask(alone())
  expect(await trial.view(CHAT)).toMatchObject({ breaker: 'closed', reachable: true })
  expect(trial.server(CHAT).ledger.received).toBe(25)
})

describe('M06, M07 server errors', () => {
  it.each([500, 502, 503, 504])('M07 %i is asked again, then is upstream_error', async (status) => {
    await faultFails(says(status), 'upstream_error', 3)
  })

  it('M07 504 with a page of a gateway, in HTML', async () => {
    await faultFails(says(504, { body: `<html>${SERVER_WORDS}</html>` }), 'upstream_error', 3)
  })

  it.each<[string, Fault]>([
    ['M06 500', says(500)],
    ['M07 502', says(502)],
    ['M07 503 with a short wait', says(503, { retry_after: '0' })],
    ['M05 429', says(429, { retry_after: '0' })],
  ])('%s twice, then an answer: one result, recorded once, and the attempts show it', async (_, fault) => {
    const trial = await startTrial()
    trial.server(CHAT).setFaults([fault, fault])
    const heard = await trial.ask(pair())
    const result = resultIn(heard, 'faulty')
    expect(heard.run).toMatchObject({ status: 'succeeded', metadata: { errors: [] } })
    expect(outcomesOf(result).map((outcome) => outcome === 'ok')).toEqual([false, false, true])
    expect(result.latency_ms).toBe(result.attempts[2]?.latency_ms)
    const failed = result.attempts.slice(0, 2).reduce((sum, { latency_ms }) => sum + latency_ms, 0)
    expect(result.retry_ms).toBeGreaterThanOrEqual(failed - 0.01)
    const { text } = await trial.app.service.scrape()
    const mine = new RegExp(`model="${CHAT}"`)
    expect(total(text, 'consilium_tasks_total', mine)).toBe(1)
    expect(total(text, 'consilium_model_attempts_total', mine)).toBe(3)
  })

  it('M06 a burst: tasks that failed together do not come back together', async () => {
    const trial = await startTrial({ simulator: { slots: 8 } })
    trial.server(CHAT).setFaults(Array.from({ length: 4 }, () => says(500)))
    await trial.ask(clinicalRun(['a', 'b', 'c', 'd'].map((task_id) => ({ task_id }))))
    const { entries } = trial.server(CHAT).ledger
    const again = entries.slice(4).map(({ receivedAt }) => Math.round(receivedAt))
    expect(new Set(again).size).toBeGreaterThan(1)
  })
})

describe('M08 a request that a server rejects', () => {
  it.each([400, 401, 403, 404, 409, 422])('M08 %i is not asked again', async (status) => {
    const { trial } = await faultFails(says(status), 'upstream_rejected', 1)
    expect((await trial.view(CHAT)).breaker).toBe('closed')
  })

  it.each([
    [401, /^Configuration error: .*401.*MODEL_API_KEYS/],
    [403, /^Configuration error: .*403.*MODEL_API_KEYS/],
    [404, /^Configuration error: .*404.*served_model/],
  ])('M08 %i is called a configuration error, and names the setting, not the key', async (status, message) => {
    const { faulty } = await faultFails(says(status), 'upstream_rejected', 1)
    expect(faulty.error?.message).toMatch(message)
  })

  it('M08 401 of a server that has another key: neither key is anywhere', async () => {
    const trial = await startTrial({
      env: { MODEL_API_KEYS: JSON.stringify({ [CHAT]: 'CANARY-wrong-key', [CLINICAL]: 'CANARY-right-key' }) },
      simulator: { apiKeys: { [CHAT]: 'CANARY-other-key', [CLINICAL]: 'CANARY-right-key' } },
    })
    const { heard } = await expectFailure(trial, 'upstream_rejected', 1)
    expect(heard.reply.body).not.toMatch(/wrong-key|right-key|other-key/)
  })

  it('M08 404 of a path that is not there', async () => {
    const trial = await startTrial({
      roster: (running) => ({
        ...running,
        models: running.models.map((model) =>
          model.id === CHAT ? { ...model, url: model.url.replace('/v1', '/v2/v1') } : model,
        ),
      }),
    })
    const { faulty } = await expectFailure(trial, 'upstream_rejected', 1)
    expect(faulty.error?.message).toMatch(/^Configuration error: .*404.*served_model/)
  })
})

describe('M23 a redirect', () => {
  it.each([301, 302, 303, 307, 308])('M23 %i is not followed, wherever it leads, and not repeated', async (status) => {
    const target = await startRawServer(() => undefined)
    const location = `${target.url}/chat/completions?${SERVER_WORDS}`
    const { heard, faulty } = await faultFails(says(status, { location }), 'upstream_rejected', 1)
    expect(faulty.error?.message).toContain(String(status))
    expect(heard.reply.body).not.toContain(String(target.port))
    expect(target.connections()).toBe(0)
  })

  it('M23 302 to the address of cloud metadata fails at once', async () => {
    const location = 'http://169.254.169.254/latest/meta-data/'
    const { heard } = await faultFails(says(302, { location }), 'upstream_rejected', 1)
    expect(heard.reply.body).not.toContain('169.254')
    expect(heard.elapsed_ms).toBeLessThan(2000)
  })
})

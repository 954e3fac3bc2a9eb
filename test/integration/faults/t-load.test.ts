import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { CHAT, CLINICAL } from '../../helpers/service.ts'
import { peakOf } from '../lanes/oracle.ts'
import { clinicalRun, outcomesOf, resultIn } from './cases.ts'
import { crowd } from './crowd.ts'
import type { Heard } from './heard.ts'
import { startTrial, type Trial } from './oracle.ts'
import { until } from './until.ts'

const one = (more: object = {}) => clinicalRun([{ task_id: 'a' }], more)

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** Asks `count` times, `per_turn` every `every_ms`, however slowly the answers come. */
async function openLoop(trial: Trial, count: number, per_turn: number, every_ms: number, body: object) {
  const asked: Promise<Heard>[] = []
  while (asked.length < count) {
    for (let now = 0; now < per_turn; now++) asked.push(trial.ask(body))
    await sleep(every_ms)
  }
  return Promise.all(asked)
}

/** Refused whole and at once: 503, when to come back, the estimate, and no run. */
function expectRefused({ reply, problem, run }: Heard): void {
  expect(problem).toMatchObject({ status: 503, code: 'overloaded' })
  expect(reply.headers['retry-after']).toMatch(/^[1-9]\d*$/)
  expect(JSON.parse(reply.body).estimate).toMatchObject({ wait_ms: expect.any(Number) })
  expect(run).toBeNull()
}

const split = (heard: readonly Heard[]) => ({
  served: heard.filter(({ reply }) => reply.statusCode === 200),
  refused: heard.filter(({ reply }) => reply.statusCode === 503),
})

it('T01 ten times what the server can do: it goes on working for callers who still wait, the others know at once', async () => {
  const [LATENCY_MS, TIMEOUT_MS, COUNT] = [100, 1000, 200]
  const trial = await startTrial({ simulator: { slots: 1, latencyMs: LATENCY_MS } })
  // The first call of a process takes longer: not at the server whose usual time is to be learnt.
  for (const agent_type of ['Clinical', 'Chat', 'Chat', 'Chat'])
    await trial.ask(clinicalRun([{ task_id: 'a', agent_type }]))
  const { ledger } = trial.server(CHAT)
  ledger.clear()
  const heard = await openLoop(trial, COUNT, 5, LATENCY_MS / 2, one({ timeout_ms: TIMEOUT_MS }))
  const { served, refused } = split(heard)
  for (const refusal of refused) expectRefused(refusal)

  // No collapse: little is done in vain, and the server hardly ever idles while callers come. The benchmark of overload
  // holds the goodput itself; here few calls fit into a deadline, and each that is cut by it weighs.
  expect(served.length / ledger.received, 'of the calls, those whose answer somebody got').toBeGreaterThan(0.6)
  const { entries } = ledger
  const busy = entries.reduce((sum, { startedAt, endedAt }) => sum + (endedAt ?? 0) - (startedAt ?? 0), 0)
  const span = (entries.at(-1)?.endedAt ?? 0) - (entries[0]?.receivedAt ?? 0)
  expect(busy / span, 'of the time, that in which the server worked').toBeGreaterThan(0.7)
  // A call that is given up is over here at once; its server hears of it a moment later.
  expect(peakOf(entries.filter(({ aborted }) => !aborted))).toBe(1)
  // What was refused cost the server nothing and its caller no time.
  expect(ledger.received + refused.length).toBeLessThanOrEqual(COUNT)
  expect(refused.length).toBeGreaterThan(COUNT / 2)
  expect(median(refused.map(({ elapsed_ms }) => elapsed_ms))).toBeLessThan(TIMEOUT_MS / 4)

  const after = await trial.ask(one({ timeout_ms: TIMEOUT_MS }))
  expect(after.run).toMatchObject({ status: 'succeeded', metadata: { queue_time_ms: 0 } })
})

/** What keeps the process alive, by kind. */
function resources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

it('T05 a thousand in a tenth of a second, then silence: all are answered, the queue keeps its bound, nothing is left', async () => {
  const MOST = 100
  const trial = await startTrial({ env: { LANE_QUEUE_MAX: String(MOST) }, simulator: { slots: 4, latencyMs: 30 } })
  await crowd(40, 8, () => trial.ask(one()))
  const before = resources()
  let longest = 0
  let bursting = true
  const look = () => {
    for (const { id, queued } of trial.app.service.viewRoster().models)
      if (id === CHAT) longest = Math.max(longest, queued)
    if (bursting) setImmediate(look)
  }
  look()
  const heard = await openLoop(trial, 1000, 100, 10, one({ timeout_ms: 30_000 }))
  bursting = false
  const { served, refused } = split(heard)
  expect(served.length + refused.length).toBe(1000)
  for (const refusal of refused) expect(refusal.problem?.code).toBe('overloaded')
  expect(served.length).toBeGreaterThanOrEqual(MOST)
  expect(trial.server(CHAT).ledger.received).toBe(40 + served.length)
  expect(longest).toBe(MOST)
  const grown = () => [...resources()].filter(([kind, count]) => count > (before.get(kind) ?? 0))
  await until(() => grown().length === 0, 'timers and handles as before the burst', 5000).catch(() =>
    expect(grown(), 'timers and handles that were left').toEqual([]),
  )
}, 40_000)

describe('T07 a server that comes back to forty callers who ask again at once', () => {
  const CALLERS = 40
  const COOLDOWN_MS = 100

  /** Asks until it works, without a pause; gives the outcomes of all attempts. */
  async function insist(trial: Trial): Promise<string[]> {
    const outcomes: string[] = []
    for (;;) {
      const heard = await trial.ask(one())
      outcomes.push(...outcomesOf(resultIn(heard, 'a')))
      if (heard.run?.success) return outcomes
    }
  }

  it('T07 knocks at its port a few times per cool-down, however often it is asked, and then serves all', async () => {
    const trial = await startTrial({
      env: { BREAKER_COOLDOWN_MS: String(COOLDOWN_MS), RATE_LIMIT_MAX: '1000000' },
      simulator: { slots: 2, latencyMs: 2 },
    })
    const { ledger } = trial.server(CHAT)
    await trial.server(CHAT).refuse()
    const begun = performance.now()
    const insisting = Array.from({ length: CALLERS }, () => insist(trial))
    await sleep(5 * COOLDOWN_MS)
    // It is there again, but has to load its model first, as a llama-server says with 503.
    trial.server(CHAT).setFaults(() => ({ kind: 'status', status: 503 }))
    await trial.server(CHAT).reopen()
    await ledger.until(({ received }) => received >= 3)
    const loading = ledger.received
    trial.server(CHAT).setFaults([])
    const outcomes = (await Promise.all(insisting)).flat()
    const cooldowns = Math.ceil((performance.now() - begun) / COOLDOWN_MS)

    const knocks = outcomes.filter((outcome) => !['breaker_open', 'ok'].includes(outcome))
    const asked = outcomes.length
    expect(asked, 'callers did insist').toBeGreaterThan(CALLERS * 3)
    // Those that opened the breaker, those on their way then, and one after each cool-down.
    expect(knocks.length).toBeLessThanOrEqual(5 + 2 + cooldowns)
    expect(loading).toBeLessThanOrEqual(3 + 1)
    expect(ledger.received).toBeLessThanOrEqual(loading + CALLERS)
    expect(ledger.maxInFlight).toBeLessThanOrEqual(2)
    expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(CALLERS)
    expect(await trial.view(CHAT)).toMatchObject({ breaker: 'closed', reachable: true })
    expect(trial.server(CLINICAL).ledger.received).toBe(0)
  })
})

import { describe, expect, it } from 'vitest'
import type { RosterFile } from '../../../src/contract/roster.ts'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'
import { CHAT, custom, startService } from '../../helpers/service.ts'
import { peakOf } from './oracle.ts'
import { countOf, longestQueue, salvo, shoot, waitingIn } from './shots.ts'

const SLOTS = 2
const roster: RosterFile = { ...builtinRoster, models: builtinRoster.models.map((one) => ({ ...one, slots: SLOTS })) }

/** Timers that keep the process alive. */
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

describe('ten times what a lane can do', () => {
  it('is refused or done in time, and the lane works on all the while', async () => {
    const service = await startService({ simulator: { roster, latencyMs: 100 } })
    const url = await service.listen()
    await shoot(url, custom([{ task_id: 'shows_the_usual_time' }]))
    const timeout_ms = 1000
    // Three seconds at ten times 20 calls a second, half of them of a chain.
    const one = custom([{ task_id: 'a' }], { timeout_ms })
    const chain = custom([{ task_id: 'a' }, { task_id: 'b', dependencies: ['a'] }], { timeout_ms })
    const answers = await salvo(400, 3000, (n) => shoot(url, n % 2 === 0 ? one : chain))

    for (const { status } of answers) expect([200, 503, 504]).toContain(status)
    for (const { status, retryAfter } of answers) if (status === 503) expect(retryAfter).toMatch(/^[1-9]\d*$/)
    expect(countOf(answers, 503)).toBeGreaterThan(answers.length / 2)
    // What is let in is done: a late run has cost a GPU and helps nobody.
    expect(countOf(answers, 504)).toBeLessThan(countOf(answers, 200))
    const { entries } = service.server(CHAT).ledger
    // A call that is given up is over for the service at once; the server learns of it a moment later.
    const whole = entries.filter(({ aborted }) => !aborted)
    expect(peakOf(whole)).toBe(SLOTS)
    expect(entries.length - whole.length).toBeLessThan(entries.length / 10)
    expect((await shoot(url, one)).status).toBe(200)
  })
})

describe('a burst of 1,000 runs in 100 ms, then silence', () => {
  it('fills the queue to its bound and no further, is answered to the last, and leaves no timer behind', async () => {
    const service = await startService({ env: { LANE_QUEUE_MAX: '50' }, simulator: { roster, latencyMs: 30 } })
    const url = await service.listen()
    await shoot(url, custom([{ task_id: 'first' }]))
    const before = timers()
    const burst = salvo(1000, 100, (n) => shoot(url, custom([{ task_id: `t${n}` }])))
    const longest = await longestQueue(service, CHAT, burst)
    const answers = await burst
    expect(longest).toBe(50)
    expect(countOf(answers, 200) + countOf(answers, 503)).toBe(1000)
    expect(countOf(answers, 200)).toBe(service.server(CHAT).ledger.received - 1)
    expect(waitingIn(service, CHAT)).toBe(0)
    // Those of connections are the clients'; each run and each wait had one of its own.
    expect(timers()).toBeLessThan(before + 20)
  })
})

describe('a herd of callers that ask again and again while a server is down', () => {
  it('costs the server little, and all are served once it is back', async () => {
    const service = await startService({ env: { BREAKER_COOLDOWN_MS: '50' }, simulator: { roster, latencyMs: 2 } })
    const url = await service.listen()
    const { ledger, setFaults } = service.server(CHAT)
    setFaults(() => ({ kind: 'status', status: 503 }))
    let asked = 0
    const insist = async (n: number): Promise<number> => {
      for (;;) {
        if (++asked === 400) setFaults([])
        const { status } = await shoot(url, custom([{ task_id: `t${n}` }], { timeout_ms: 5000 }))
        if (status === 200) return status
        expect([502, 503]).toContain(status)
      }
    }
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => insist(n)))
    expect(answers).toEqual(answers.map(() => 200))
    // 100 answers were to be had; while the server was down, its breaker kept most of 400 askings from it.
    expect(ledger.received - 100).toBeLessThan(200)
    expect(ledger.maxInFlight).toBeLessThanOrEqual(SLOTS)
  })
})

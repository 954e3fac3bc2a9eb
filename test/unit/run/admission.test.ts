import { describe, expect, it } from 'vitest'
import type { Model } from '../../../src/models/port.ts'
import type { Plan } from '../../../src/plan/plan.ts'
import { type Refusal, refusalOf } from '../../../src/run/admission.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { estimate } from '../../../src/run/estimate.ts'
import { claimant, FakePort, type FakeShop, fakeShop, type ShopSpec } from '../../helpers/fake-port.ts'
import { needing, planOf, task } from '../../helpers/plans.ts'

const MODEL = 'clinical-model'
const WORK = 1000
const BARE: Model = {
  id: '',
  url: 'http://127.0.0.1:1/v1',
  gpu: 0,
  slots: 2,
  context_window: null,
  served_model: '',
  api_key: null,
}

/** A shop whose Clinical lane is full and has so many calls of a second waiting, of one tenant and priority. */
function busy(waiting: number, spec: ShopSpec & { priority?: number; tenant?: string } = {}): FakeShop {
  const { priority = 0, tenant = 'ours' } = spec
  const shop = fakeShop(new FakePort(), spec)
  const lane = shop.lane(MODEL)
  const owner = claimant({ tenant })
  const deadline = performance.now() + 600_000
  for (let call = 0; call < lane.permits + waiting; call++) {
    void lane.acquire({ claimant: owner, priority, rank: 0, work: WORK, deadline, cancel: new Cancellation() })
    shop.backlog.add(MODEL, tenant, priority, WORK)
  }
  return shop
}

const one = (priority = 0) => planOf([task('a', { priority })])
const works = (plan: Plan, work = WORK) => plan.tasks.map(() => work)
const ask = (plan: Plan, timeout_ms: number, shop: FakeShop, tenant = 'ours') =>
  refusalOf({ plan, works: works(plan), tenant }, timeout_ms, shop)

describe('a run', () => {
  it('is let in while it would end before its deadline, and refused from then on', () => {
    // Two slots: two calls in flight and eight waiting are five rounds of a second, with caution 5.5 s, then comes its own.
    expect(ask(one(), 6500, busy(8))).toBe(null)
    const { reason, problem } = ask(one(), 6499, busy(8)) as Refusal
    expect([reason, problem.code, problem.status]).toEqual(['too_late', 'overloaded', 503])
  })

  it('that is refused is told the estimate, and when to ask again', () => {
    const { options, detail } = (ask(one(), 1000, busy(18)) as Refusal).problem
    expect(options.retryAfterS).toBe(11)
    expect(options.members).toEqual({ estimate: { wait_ms: 11_000, finish_ms: 12_000 } })
    expect(detail).toBe(
      'The run would end in about 12 s (11 s of them waiting for clinical-model), but may take 1.0 s. Nothing was started.',
    )
  })

  it('waits only for calls that go before its own', () => {
    expect(ask(one(1), 1000, busy(100, { priority: 0 }))).toBe(null)
    expect(ask(one(1), 1000, busy(100, { priority: 1 }))?.reason).toBe('too_late')
  })

  it('waits also for what will come of higher classes, if as much comes as lately', () => {
    const shop = busy(8)
    // Half of what was done was more urgent: its own wait is twice as long, theirs is not.
    for (const priority of [0, 5]) shop.backlog.done(MODEL, 'ours', priority, 10 * WORK)
    expect(estimate({ plan: one(), works: works(one()), tenant: 'ours' }, shop).wait_ms).toBeCloseTo(11_000, -1)
    shop.backlog.add(MODEL, 'ours', 5, 2 * WORK)
    expect(estimate({ plan: one(5), works: works(one()), tenant: 'ours' }, shop).wait_ms).toBeCloseTo(1100, -1)
    // However little was left to its class, something is: age lifts what waits.
    shop.backlog.done(MODEL, 'ours', 5, 1e9)
    expect(estimate({ plan: one(), works: works(one()), tenant: 'ours' }, shop).wait_ms).toBeCloseTo(66_000, -1)
  })

  it('that would be too long also if nobody else were there is told so', () => {
    const short = (ask(one(), 900, busy(18)) as Refusal).problem
    expect(short.detail).toContain('but may take 0.9 s. Its own work takes about 1.0 s: give it more time.')
  })

  it('is refused when one of its tasks would wait until its own time is over', () => {
    const timed = (timeout_ms: number) => planOf([task('a', { timeout_ms })])
    expect(ask(timed(6500), 60_000, busy(8))).toBe(null)
    const { reason, problem } = ask(timed(6499), 60_000, busy(8)) as Refusal
    expect([reason, problem.detail]).toEqual([
      'too_late',
      'A task would take about 6.5 s (5.5 s of them waiting for clinical-model), but may take 6.5 s. Nothing was started.',
    ])
    expect(ask(one(), 600_000, busy(150))?.reason).toBe('too_late')
  })

  it('goes by the lane of the fallback while the breaker of its own model is open', () => {
    const chains = { Clinical: ['clinical-model', 'qa-model'], MedicalQA: ['qa-model'], Billing: ['billing-model'] }
    const qa = planOf([task('a', { agent_type: 'MedicalQA' })])
    for (const works of [true, false]) {
      const shop = busy(8, { chains, parts: { works: (model) => works || model !== 'qa-model' } })
      shop.chainOf = ({ agent_type }) =>
        (agent_type === 'MedicalQA' ? ['qa-model', MODEL] : [MODEL]).map((id) => ({ ...BARE, id }))
      expect(ask(qa, 1000, shop)?.reason).toBe(works ? undefined : 'too_late')
    }
  })

  it('waits for the calls of another tenant only in turns with its own', () => {
    // One call of the other for its own one, on two slots.
    expect(ask(one(), 1550, busy(100), 'quiet')).toBe(null)
    expect(ask(one(), 1549, busy(100), 'quiet')?.reason).toBe('too_late')
    const shop = busy(100)
    shop.backlog.add(MODEL, 'quiet', 0, 4 * WORK)
    // Four seconds of its own, and of the other's as much and one for its own call, on two slots.
    expect(ask(one(), 5950, shop, 'quiet')).toBe(null)
    expect(ask(one(), 5949, shop, 'quiet')?.reason).toBe('too_late')
  })

  it('is never refused for its length alone, or while nothing is known', () => {
    const idle = fakeShop(new FakePort())
    expect(refusalOf({ plan: one(), works: [60_000], tenant: 'ours' }, 1, idle)).toBe(null)
    const unknown = busy(0)
    unknown.backlog.remove(MODEL, 'ours', 0, 2 * WORK)
    expect(refusalOf({ plan: one(), works: [0], tenant: 'ours' }, 1, unknown)).toBe(null)
  })

  it('is judged by the GPU’s budget where that is smaller than the lane', () => {
    // One permit in flight and four calls waiting, one after the other.
    expect(ask(one(), 6500, busy(4, { gpu_max: 1 }))).toBe(null)
    expect(ask(one(), 6499, busy(4, { gpu_max: 1 }))?.reason).toBe('too_late')
  })

  it('is judged by all lanes on its way, each from when it gets there', () => {
    const later = planOf([task('a', { agent_type: 'Billing' }), { ...needing('b', 'a'), agent_type: 'Clinical' }])
    // The first task runs beside the wait of 5.5 s for the second's lane.
    expect(estimate({ plan: later, works: works(later), tenant: 'ours' }, busy(8))).toEqual({
      wait_ms: 5500,
      slowest: MODEL,
      finish_ms: 6500,
      alone_ms: 2000,
      late_task: null,
    })
    const slow = estimate({ plan: later, works: [7000, WORK], tenant: 'ours' }, busy(8))
    expect(slow.finish_ms).toBe(8000)
  })
})

describe('a full lane', () => {
  const full = (tenant = 'ours') => busy(100, { tenant, parts: { lane_queue_max: 100 } })

  it('refuses what needs it at once', () => {
    const { reason, problem } = ask(one(), 60_000_000, full()) as Refusal
    expect([reason, problem.detail]).toEqual(['lane_full', expect.stringContaining('is full (100 waiting)')])
  })

  it('lets in what needs it later', () => {
    const later = planOf([task('a', { agent_type: 'Billing' }), needing('b', 'a')])
    expect(ask(later, 60_000_000, full())).toBe(null)
  })

  it('lets in a tenant that has less than its share of it', () => {
    expect(ask(one(), 60_000_000, full('noisy'), 'quiet')).toBe(null)
    expect(ask(one(), 60_000_000, full('noisy'), 'noisy')?.reason).toBe('lane_full')
  })
})

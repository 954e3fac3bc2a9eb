import { describe, expect, it } from 'vitest'
import { admit } from '../../../src/run/admission.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { FakePort, type FakeShop, fakeShop, type ShopSpec } from '../../helpers/fake-port.ts'
import { needing, planOf, refusal, task } from '../../helpers/plans.ts'

const MODEL = 'clinical-model'

/** A shop whose Clinical lane has its permits taken and so many calls of a priority waiting. */
function busy(waiting: number, priority = 0, spec: ShopSpec = {}): FakeShop {
  const shop = fakeShop(new FakePort(), { ...spec, parts: { usualMs: () => 1000, ...spec.parts } })
  const lane = shop.lane(MODEL)
  const claim = { priority, rank: 512, deadline: performance.now() + 600_000, cancel: new Cancellation() }
  for (let call = 0; call < lane.permits + waiting; call++) void lane.acquire(claim)
  return shop
}

const one = (priority = 0) => planOf([task('a', { priority })])

describe('a run', () => {
  it('is let in while its turn comes before its deadline, and refused from then on', () => {
    // Two slots: eight waiting are four rounds of a second.
    admit(one(), 4001, busy(8))
    expect(refusal(() => admit(one(), 4000, busy(8)))).toMatchObject({ code: 'overloaded', status: 503 })
  })

  it('that is refused is told when the queue will be short enough', () => {
    expect(refusal(() => admit(one(), 1000, busy(20))).options.retryAfterS).toBe(9)
  })

  it('waits only for calls that go before its own', () => {
    admit(one(1), 1000, busy(100, 0))
    expect(refusal(() => admit(one(1), 1000, busy(100, 1))).code).toBe('overloaded')
  })

  it('is never refused by an estimate while the model has not answered yet, or nobody waits', () => {
    admit(one(), 1, busy(100, 0, { parts: { usualMs: () => null } }))
    admit(one(), 1, busy(0, 0, { parts: { usualMs: () => 60_000 } }))
  })

  it('is judged by the GPU’s budget where that is smaller than the lane', () => {
    const shop = busy(4, 0, { gpu_max: 1 })
    admit(one(), 4001, shop)
    expect(refusal(() => admit(one(), 4000, shop)).code).toBe('overloaded')
  })

  it('is judged by the lanes that it needs at once, not by those that it needs later', () => {
    const later = [task('a', { agent_type: 'Billing' }), { ...needing('b', 'a'), agent_type: 'Clinical' }]
    admit(planOf(later), 1, busy(100))
    const full = { lane_queue_max: 100 }
    admit(planOf(later), 60_000_000, busy(100, 0, { parts: full }))
    expect(refusal(() => admit(one(), 60_000_000, busy(100, 0, { parts: full }))).detail).toContain(
      'is full (100 waiting)',
    )
  })
})

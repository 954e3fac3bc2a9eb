import { describe, expect, test } from 'vitest'
import { RoutingRefusal } from '../../../src/contract/routing.ts'
import { candidate, chosen, POLICY, question, refused, rowOf } from './candidates.ts'

const CLOUD = { tier: 'CLOUD_LARGE', cloud: true, quality: 10, speed: 9, price: { input: 3, output: 15 } } as const
const OPEN = { ...POLICY, phi_egress: true }

describe('a model is not chosen', () => {
  test.each([
    ['that serves something else', candidate('x', { kind: 'embedding' }), {}, 'kind', 'serves embedding, not chat'],
    [
      'that is off',
      candidate('x', CLOUD, { off: 'This cloud model is off.' }),
      {},
      'cloud_off',
      'This cloud model is off.',
    ],
    ['of another tier', candidate('x'), { tiers: ['LOCAL_SMALL'] }, 'tier', 'LOCAL_LARGE is not allowed'],
    ['with too small a context', candidate('x', { context_window: 811 }), {}, 'context', '300 + 512 tokens do not fit'],
    ['with too short answers', candidate('x', { max_output: 511 }), {}, 'max_output', 'writes 511 tokens at most'],
    [
      'that costs too much',
      candidate('x', { price: { input: 0, output: 20 } }),
      { max_cost: 0.0102 },
      'budget',
      'may cost $0.01024, more than $0.0102',
    ],
    ['whose breaker is open', candidate('x', {}, { live: { breaker: 'open' } }), {}, 'breaker_open', 'left alone'],
    ['that is not there', candidate('x', {}, { live: { reachable: false } }), {}, 'unreachable', 'cannot be reached'],
  ] as const)('%s', (_, shut, asked, code, reason) => {
    const tiers = 'tiers' in asked ? [...asked.tiers] : null
    const wishes = question({ ...asked, tiers })
    const refusal = refused(wishes, [shut], OPEN)
    expect(RoutingRefusal.parse(refusal)).toEqual(refusal)
    expect(refusal.models).toEqual([{ model: 'x', code, reason: expect.stringContaining(reason) }])
    expect(refusal.message).toContain(`x: ${refusal.models[0]?.reason.replace(/\.$/, '')}`)
    // The other one passes, so the gate is the model's and not the question's.
    const other = candidate('weaker', { quality: 0, tier: tiers?.[0] ?? 'LOCAL_LARGE' })
    const decision = chosen(wishes, [shut, other], OPEN)
    expect([decision.target_model, rowOf(decision, 'x').gate?.code]).toEqual(['weaker', code])
  })

  test.each([
    ['just fits', candidate('x', { context_window: 812, max_output: 512 }), {}],
    ['costs just as much', candidate('x', { price: { input: 0, output: 20 } }), { max_cost: 0.01024 }],
    ['is being tried out', candidate('x', {}, { live: { breaker: 'half_open' } }), {}],
    ['was never contacted', candidate('x', { context_window: null }, { live: { reachable: null } }), {}],
  ])('but is when it %s', (_, model, asked) => {
    expect(chosen(question(asked), [model]).target_model).toBe('x')
  })

  test('by the context that its server tells, before the card', () => {
    const told = candidate('x', { context_window: 100_000 }, { live: { context_window: 512 } })
    expect(refused(question(), [told]).models[0]?.reason).toContain('its context of 512')
  })
  test('when there are none', () => {
    expect(refused(question(), []).message).toBe('There are no models to choose from.')
  })
})

describe('patient data', () => {
  test('go to no cloud model unless the hospital has said so, and the refusal says what to do', () => {
    const refusal = refused(question(), [candidate('x', CLOUD)])
    expect(refusal.models[0]?.code).toBe('phi')
    expect(refusal.message).toContain('ALLOW_PHI_EGRESS is not true')
    expect(chosen(question(), [candidate('x', CLOUD)], OPEN).target_model).toBe('x')
  })
  test('are what every text may hold that does not say otherwise', () => {
    expect(question().phi).toBe(true)
    expect(chosen(question({ phi: false }), [candidate('x', CLOUD)]).target_model).toBe('x')
  })
  test('go to local models', () => {
    expect(chosen(question(), [candidate('x', CLOUD), candidate('local')]).target_model).toBe('local')
  })
})

describe('a card', () => {
  const weak = candidate('weak', { quality: 10, speed: 10, weaknesses: ['ANALYSIS'] })
  const elsewhere = candidate('elsewhere', { quality: 10, speed: 10, domains: ['billing'], main_domain: 'billing' })

  test('keeps a task from a model that is weak at it or serves another field', () => {
    const decision = chosen(question({ domain: 'clinical' }), [
      weak,
      elsewhere,
      candidate('able', { quality: 0, speed: 0 }),
    ])
    expect(decision.target_model).toBe('able')
    expect(rowOf(decision, 'weak').gate).toEqual({ code: 'weakness', reason: 'its card lists ANALYSIS as a weakness' })
    expect(rowOf(decision, 'elsewhere').gate?.reason).toBe('its card serves billing, not clinical')
  })
  test('gives way when no other is left, first a weakness, then the field, and the answer says so', () => {
    const both = chosen(question({ domain: 'clinical' }), [weak, elsewhere])
    expect([both.target_model, both.outside_card]).toEqual(['weak', 'its card lists ANALYSIS as a weakness'])
    const one = chosen(question({ domain: 'clinical' }), [elsewhere])
    expect([one.target_model, one.outside_card]).toEqual(['elsewhere', 'its card serves billing, not clinical'])
    expect(one.reasoning).toContain('No better one was left')
  })
  test('never gives way to a hard gate', () => {
    const shut = candidate('weak', { weaknesses: ['ANALYSIS'] }, { live: { breaker: 'open' } })
    expect(refused(question(), [shut]).models[0]?.code).toBe('breaker_open')
  })
  test('of a local model does not get the task where a cloud model can serve it', () => {
    const decision = chosen(question({ prefer_local: true }), [weak, candidate('x', CLOUD)], OPEN)
    expect(decision.target_model).toBe('x')
  })
})

describe('prefer_local', () => {
  const models = [candidate('x', CLOUD), candidate('local', { quality: 1, speed: 1 })]

  test('keeps a task local that a local model can serve', () => {
    expect(chosen(question({ prefer_local: false }), models, OPEN).target_model).toBe('x')
    const decision = chosen(question({ prefer_local: true }), models, OPEN)
    expect([decision.target_model, rowOf(decision, 'x').gate?.code]).toEqual(['local', 'local_preferred'])
  })
  test('asks the cloud when no local one can', () => {
    const down = [candidate('x', CLOUD), candidate('local', {}, { live: { reachable: false } })]
    expect(chosen(question({ prefer_local: true }), down, OPEN).target_model).toBe('x')
  })
})

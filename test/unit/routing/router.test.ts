import { describe, expect, test } from 'vitest'
import { RoutingDecision } from '../../../src/contract/routing.ts'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'
import { resolveCard } from '../../../src/routing/cards/resolve.ts'
import { UNKNOWN } from '../../../src/routing/router/candidate.ts'
import { WEIGHTS, weightsFor } from '../../../src/routing/router/weights.ts'
import { candidate, chosen, POLICY, question, rowOf } from './candidates.ts'

const OLLAMA = [
  'llama3.1:8b-instruct-q4_K_M',
  'qwen2.5:14b-instruct-q4_K_M',
  'qwen2.5-coder:7b-instruct-q4_K_M',
  'ministral-3:8b',
].map((id) => candidate(id))

const HOSPITAL = builtinRoster.models.map(({ id, context_window = null }) => ({
  card: resolveCard({ id, served_model: id, context_window }),
  off: null,
  live: UNKNOWN,
}))

describe('the score', () => {
  test('balanced, at middling complexity, is 40 quality, 30 speed, 20 fit, 10 confidence', () => {
    const decision = chosen(question(), [candidate('m', { quality: 8, speed: 6, strengths: ['ANALYSIS'] })])
    const row = rowOf(decision, 'm')
    expect(row.weights).toEqual({ quality: 0.4, speed: 0.3, fit: 0.2, confidence: 0.1, cost: 0 })
    expect(row.parts).toEqual({ quality: 0.8, speed: 0.6, fit: 1, confidence: 1, cost: 1 })
    expect(row.score).toBeCloseTo(0.4 * 0.8 + 0.3 * 0.6 + 0.2 + 0.1, 12)
  })
  test.each(Object.entries(WEIGHTS))('%s: the row of weights adds up to 100', (_, row) => {
    expect(Object.values(row).reduce((sum, weight) => sum + weight)).toBe(100)
  })
  test('complexity raises the weight of quality, and all together stay 1', () => {
    const [simple, middling, hard] = [0, 0.5, 1].map((complexity) => weightsFor('balanced', complexity))
    expect(simple?.quality).toBeCloseTo(20 / 80, 12)
    expect(middling?.quality).toBeCloseTo(0.4, 12)
    expect(hard?.quality).toBeCloseTo(60 / 120, 12)
    for (const row of [simple, middling, hard])
      expect(Object.values(row ?? {}).reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 12)
  })
  test('weights of the roster replace a row as a whole', () => {
    expect(weightsFor('speed', 0.5, { speed: { speed: 3, cost: 1 } })).toEqual({
      quality: 0,
      speed: 0.75,
      fit: 0,
      confidence: 0,
      cost: 0.25,
    })
    expect(weightsFor('balanced', 0.5, { speed: { speed: 3 } }).quality).toBeCloseTo(0.4, 12)
  })
  test('prefer changes the choice', () => {
    const models = [
      candidate('fast', { speed: 10, quality: 5 }),
      candidate('good', { speed: 2, quality: 10, price: { input: 5, output: 30 } }),
      candidate('cheap', { speed: 5, quality: 5 }),
    ]
    const by = (prefer: 'speed' | 'quality' | 'cost' | 'balanced') => chosen(question({ prefer }), models).target_model
    expect([by('speed'), by('quality')]).toEqual(['fast', 'good'])
    const [, ...slow] = models
    expect(chosen(question({ prefer: 'cost' }), slow).target_model).toBe('cheap')
    expect(chosen(question({ prefer: 'quality' }), slow).target_model).toBe('good')
  })
  test('a doubtful type weighs what other types it may be', () => {
    const coder = candidate('coder', { strengths: ['CODING'] })
    const writer = candidate('writer', { strengths: ['WRITING'], weaknesses: ['RESEARCH'] })
    const fits = (distribution: object) => {
      const classification = { type: 'CODING' as const, confidence: 0.4, distribution, complexity: 0.5 }
      const decision = chosen({ ...question(), classification }, [coder, writer])
      return ['coder', 'writer'].map((id) => rowOf(decision, id).parts)
    }
    const [a, b] = fits({ CODING: 0.4, WRITING: 0.4, RESEARCH: 0.2 })
    // By type: 0.5 + 0.4 / 2, and 0.5 + (0.4 − 0.2) / 2; both serve the field `code` beside others: 0.5.
    expect(a?.fit).toBeCloseTo((0.7 + 0.5) / 2, 12)
    expect(b?.fit).toBeCloseTo((0.6 + 0.5) / 2, 12)
    expect(b?.confidence).toBeCloseTo(0.8, 12)
    const [sure] = fits({ CODING: 1 })
    expect(sure?.fit).toBeCloseTo((1 + 0.5) / 2, 12)
  })
  test('a distribution that adds up to more than 1 counts by its shares; none at all by the confidence', () => {
    const models = [candidate('m', { strengths: ['CODING'] })]
    const fitOf = (distribution: object, confidence: number) => {
      const classification = { type: 'CODING' as const, confidence, distribution, complexity: 0.5 }
      return rowOf(chosen({ ...question({ domain: 'general' }), classification }, models), 'm').parts.fit
    }
    expect(fitOf({ CODING: 1, WRITING: 1 }, 0.5)).toBeCloseTo((0.75 + 0.5) / 2, 12)
    expect(fitOf({}, 0.6)).toBeCloseTo((0.8 + 0.5) / 2, 12)
  })
  test('a model made for the field of a question goes before one that also serves it', () => {
    const models = [candidate('all'), candidate('clinic', { domains: ['clinical'], main_domain: 'clinical' })]
    expect(chosen(question({ domain: 'clinical' }), models).target_model).toBe('clinic')
    expect(chosen(question(), models).target_model).toBe('all')
  })
  test('the same scores go by id', () => {
    expect(chosen(question(), [candidate('b'), candidate('a'), candidate('c')]).target_model).toBe('a')
  })
})

describe('what is true now', () => {
  const two = (live: object) => [candidate('a', {}, { live }), candidate('b')]

  test('nothing known changes nothing', () => {
    expect(rowOf(chosen(question(), two({})), 'a').live).toBe(1)
  })
  test.each([
    ['half a minute of waiting', { wait_ms: 30_000 }, 0.5],
    ['errors in a quarter of its calls', { error_rate: 0.25 }, 0.75],
    ['a breaker that tries it out', { breaker: 'half_open' }, 0.5],
    ['answers as slow as promised', { ms_per_token: 57 }, 1],
    ['both', { wait_ms: 30_000, error_rate: 0.5 }, 0.25],
    ['errors in all of its calls', { error_rate: 1 }, 0.1],
  ])('%s', (_, live, term) => {
    const decision = chosen(question(), two(live))
    expect(rowOf(decision, 'a').live).toBeCloseTo(term, 12)
    expect(decision.target_model).toBe(term === 1 ? 'a' : 'b')
  })
  test('slower than its rating promises, per token before per call', () => {
    // Speed 5 promises 57.7 ms a token; of a usual answer 256 tokens count.
    const late = (ms: number) => 30_000 / (30_000 + ms - 10 * 1.42 ** 5 * 256)
    expect(rowOf(chosen(question(), two({ ms_per_token: 200, latency_ms: 1 })), 'a').live).toBeCloseTo(late(51_200), 9)
    expect(rowOf(chosen(question(), two({ latency_ms: 20_000 })), 'a').live).toBeCloseTo(late(20_000), 9)
  })
  test('what was slow counts less the longer ago it was, and waiting does not', () => {
    const late = (ms: number) => 30_000 / (30_000 + ms)
    const slow = { latency_ms: 60_000 + 10 * 1.42 ** 5 * 256 }
    const termOf = (live: object) => rowOf(chosen(question(), two({ ...slow, ...live })), 'a').live
    expect(termOf({ measured_ago_ms: 0 })).toBeCloseTo(late(60_000), 9)
    expect(termOf({ measured_ago_ms: 120_000 })).toBeCloseTo(late(30_000), 9)
    expect(termOf({ measured_ago_ms: 3_600_000 })).toBeCloseTo(1, 6)
    expect(termOf({ measured_ago_ms: 3_600_000, wait_ms: 30_000 })).toBeCloseTo(late(30_000), 6)
  })
  test('numbers that are none count as not known', () => {
    expect(rowOf(chosen(question(), two({ wait_ms: Number.NaN, error_rate: -1, latency_ms: -5 })), 'a').live).toBe(1)
  })
})

describe('rules of the roster', () => {
  const models = [candidate('a', { quality: 7 }), candidate('b', { quality: 6 }), candidate('c', { quality: 5 })]
  const under = (rule: object) => ({ ...POLICY, routing: { rules: { ANALYSIS: rule } } })

  test('prefer models, the first most', () => {
    const policy = under({ prefer_models: ['c', 'b'] })
    const decision = chosen(question(), models, policy)
    expect(decision.table.map(({ model }) => model)).toEqual(['c', 'b', 'a'])
    expect(decision.table.map(({ preferred }) => preferred)).toEqual([0.5, 0.25, 0])
    expect(decision.reasoning).toContain('preferred by a rule of the roster')
    expect(chosen(question({ type: 'WRITING' }), models, policy).target_model).toBe('a')
  })
  test('a preferred model that is busy steps back', () => {
    const busy = [...models.slice(0, 2), candidate('c', { quality: 5 }, { live: { wait_ms: 60_000 } })]
    expect(chosen(question(), busy, under({ prefer_models: ['c'] })).target_model).toBe('a')
  })
  test('shut out what has too little quality or another tier', () => {
    const decision = chosen(question(), models, under({ min_quality: 6.5 }))
    expect(rowOf(decision, 'b').gate).toEqual({
      code: 'rule',
      reason: 'routing.rules.ANALYSIS asks for quality 6.5, it has 6',
    })
    const small = candidate('small', { tier: 'LOCAL_SMALL', quality: 1 })
    expect(chosen(question(), [...models, small], under({ tiers: ['LOCAL_SMALL'] })).target_model).toBe('small')
  })
})

describe('the decision', () => {
  test('has the shape of the contract, with every model in its table', () => {
    const decision = chosen(question({ type: 'CODING' }), OLLAMA)
    expect(RoutingDecision.parse(decision)).toEqual(decision)
    expect(decision).toMatchObject({
      target_model: 'qwen2.5-coder:7b-instruct-q4_K_M',
      target_tier: 'LOCAL_SMALL',
      estimated_cost: 0,
      task_type: 'CODING',
      complexity: 0.5,
      outside_card: null,
      fallback: null,
    })
    expect(decision.table).toHaveLength(4)
    expect(decision.alternatives).toHaveLength(3)
    expect(decision.reasoning).toMatch(
      /^qwen2\.5-coder\S+ \(LOCAL_SMALL\) has the highest score, 0\.\d{4}, for CODING /,
    )
    expect(decision.reasoning).toContain('it costs nothing')
  })
  test('says what an alternative lost most on', () => {
    const models = [
      candidate('a', { quality: 9 }),
      candidate('b'),
      candidate('c', { quality: 8 }, { live: { wait_ms: 90_000 } }),
    ]
    const [b, c] = chosen(question(), models).alternatives
    expect(b).toMatchObject({ model: 'b', why_lower: '0.1600 lower: quality 0.50 against 0.90, weight 0.40' })
    expect(c?.why_lower).toContain('live 0.25 against 1.00')
    expect(chosen(question(), [candidate('a'), candidate('b')]).alternatives[0]?.why_lower).toContain(
      'the same in every part',
    )
  })
  test('explains five alternatives at most', () => {
    const many = Array.from({ length: 20 }, (_, at) => candidate(`m${at}`))
    const decision = chosen(question(), many)
    expect([decision.alternatives.length, decision.table.length]).toEqual([5, 20])
  })
  test('is less sure of a doubtful type, of a close race, and outside of a card', () => {
    const sure = (confidence: number, models: ReturnType<typeof candidate>[]) =>
      chosen(question({ confidence }), models).confidence
    const ahead = [candidate('a', { quality: 10 }), candidate('b', { quality: 0 })]
    expect(sure(0.8, ahead)).toBeCloseTo(0.8, 12)
    expect(sure(0.8, [candidate('a'), candidate('b')])).toBeCloseTo(0.4, 12)
    expect(sure(0.8, [candidate('a', { weaknesses: ['ANALYSIS'] })])).toBeCloseTo(0.4, 12)
  })
  test('estimates the cost of the whole call', () => {
    const priced = candidate('a', { price: { input: 2, output: 10 } })
    const decision = chosen(question({ prompt_tokens: 1000, max_tokens: 500 }), [priced])
    expect(decision.estimated_cost).toBeCloseTo(0.007, 12)
    expect(decision.reasoning).toContain('costs at most about $0.007.')
    const timed = candidate('a', { price: { gpu_second: 0.001 } }, { live: { ms_per_token: 20 } })
    expect(chosen(question({ max_tokens: 500 }), [timed]).estimated_cost).toBeCloseTo(0.01, 12)
  })
  test.each([
    ['RESEARCH', 0.1, ['search', 'answer']],
    ['REASONING', 0.8, ['enhance_reasoning', 'answer']],
    ['REASONING', 0.3, ['answer']],
    ['SIMPLE', 0.9, ['answer']],
  ] as const)('plans tools: %s, complexity %f', (type, complexity, tools) => {
    expect(chosen(question({ type, complexity }), [candidate('a')]).planned_tools).toEqual(tools)
    expect(chosen(question({ type, complexity }), [candidate('a')], { ...POLICY, tools: [] }).planned_tools).toEqual([
      'answer',
    ])
  })
})

describe('the models of the hospital', () => {
  test.each([
    ['clinical', 'ANALYSIS', 0.5, 'BioMistral-Clinical-7B'],
    ['clinical', 'REASONING', 0.9, 'BiMediX2-8B'],
    ['clinical', 'SIMPLE', 0.1, 'Tiny-LLaMA-1.1B-Medical'],
    ['billing', 'ANALYSIS', 0.5, 'OpenInsurance-LLaMA3-8B'],
    ['general', 'SIMPLE', 0.1, 'Tiny-LLaMA-1.1B-Chat'],
  ] as const)('%s %s of complexity %f goes to %s', (domain, type, complexity, model) => {
    const decision = chosen(question({ domain, type, complexity }), HOSPITAL)
    expect([decision.target_model, decision.outside_card]).toEqual([model, null])
  })
  test('none of them writes programs: the answer says so', () => {
    const decision = chosen(question({ type: 'CODING' }), HOSPITAL)
    expect(decision.outside_card).toBe('its card serves clinical, general, not code')
    expect(decision.reasoning).toContain('No better one was left')
  })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DOMAINS, MODEL_TIERS } from '../../../src/contract/model-card.ts'
import { RouteQuestion } from '../../../src/contract/routing.ts'
import { TASK_TYPES } from '../../../src/contract/task-type.ts'
import type { Candidate, Policy } from '../../../src/routing/router/candidate.ts'
import { decide } from '../../../src/routing/router/decide.ts'
import { candidate } from './candidates.ts'

const unit = fc.double({ min: 0, max: 1, noNaN: true })
const rating = fc.double({ min: 0, max: 10, noNaN: true })
const dollars = fc.double({ min: 0, max: 100, noNaN: true })
const ms = fc.option(fc.oneof(fc.nat(100_000), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1)))
const type = fc.constantFrom(...TASK_TYPES)

const card = fc.record({
  tier: fc.constantFrom(...MODEL_TIERS),
  cloud: fc.boolean(),
  kind: fc.constantFrom('chat' as const, 'chat' as const, 'embedding' as const),
  speed: rating,
  quality: rating,
  strengths: fc.uniqueArray(type, { maxLength: 4 }),
  weaknesses: fc.uniqueArray(type, { maxLength: 2 }),
  domains: fc.uniqueArray(fc.constantFrom(...DOMAINS), { minLength: 1 }),
  max_output: fc.option(fc.integer({ min: 200, max: 4000 })),
  context_window: fc.option(fc.integer({ min: 500, max: 9000 })),
  price: fc.oneof(fc.record({ input: dollars, output: dollars }), fc.record({ gpu_second: dollars })),
})
const live = fc.record({
  breaker: fc.constantFrom('closed' as const, 'closed' as const, 'half_open' as const, 'open' as const),
  reachable: fc.constantFrom(true, null, false),
  wait_ms: ms,
  latency_ms: ms,
  ms_per_token: ms,
  measured_ago_ms: ms,
  error_rate: fc.option(fc.double({ min: -1, max: 2 })),
})
const off = fc.constantFrom(undefined, undefined, undefined, 'is off')
const candidates = fc
  .array(fc.record({ card, live, off }), { minLength: 1, maxLength: 8 })
  .map((specs) =>
    specs.map(({ card, live, off }, at) => candidate(`m${at}`, card, { live, ...(off === undefined ? {} : { off }) })),
  )

const question = fc
  .record({
    prefer: fc.constantFrom('balanced' as const, 'speed' as const, 'quality' as const, 'cost' as const),
    prefer_local: fc.boolean(),
    phi: fc.boolean(),
    tiers: fc.option(fc.uniqueArray(fc.constantFrom(...MODEL_TIERS), { minLength: 2 })),
    max_cost: fc.option(fc.double({ min: 0, max: 0.5, noNaN: true })),
    domain: fc.option(fc.constantFrom(...DOMAINS)),
    classification: fc.record({
      type,
      confidence: unit,
      distribution: fc.dictionary(type, unit),
      complexity: unit,
    }),
    prompt_tokens: fc.nat(4000),
    max_tokens: fc.nat(2000),
  })
  .map((fields) => RouteQuestion.parse(fields))

const policy: fc.Arbitrary<Policy> = fc.record({
  phi_egress: fc.boolean(),
  tools: fc.constant([]),
  routing: fc.constantFrom(
    {},
    { rules: { CODING: { prefer_models: ['m3', 'm1'] }, WRITING: { min_quality: 4 } } },
    { weights: { balanced: { quality: 1 }, cost: { cost: 5, fit: 1 } } },
  ),
})

const asked = fc.tuple(question, candidates, policy)
const byId = (all: readonly Candidate[], id: string) => all.find(({ card }) => card.id === id) as Candidate

test('every part, weight, live term and score lies between 0 and 1, and no cost is negative', () => {
  fc.assert(
    fc.property(asked, ([question, all, policy]) => {
      const routed = decide(question, all, policy)
      if (!routed.ok) return
      const { table, confidence, estimated_cost } = routed.decision
      expect(table).toHaveLength(all.length)
      for (const { parts, weights, preferred, live, score, estimated_cost } of table) {
        for (const value of [...Object.values(parts), ...Object.values(weights), preferred, live, score])
          expect(value >= 0 && value <= 1).toBe(true)
        expect(Object.values(weights).reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 9)
        expect(estimated_cost).toBeGreaterThanOrEqual(0)
      }
      expect(confidence >= 0 && confidence <= 1).toBe(true)
      expect(estimated_cost).toBeGreaterThanOrEqual(0)
    }),
  )
})

test('what a gate shuts is never chosen, and what is chosen breaks no bound', () => {
  fc.assert(
    fc.property(asked, ([question, all, policy]) => {
      const routed = decide(question, all, policy)
      if (!routed.ok) {
        expect(routed.refusal.models).toHaveLength(all.length)
        return
      }
      const { decision } = routed
      expect(decision.table.find(({ model }) => model === decision.target_model)?.gate).toBeNull()
      const { card, off, live } = byId(all, decision.target_model)
      expect(off).toBeNull()
      expect(card.kind).toBe('chat')
      expect(card.cloud && question.phi && !policy.phi_egress).toBe(false)
      expect(live.breaker).not.toBe('open')
      expect(live.reachable).not.toBe(false)
      expect(decision.estimated_cost).toBeLessThanOrEqual(question.max_cost ?? Number.POSITIVE_INFINITY)
      expect(question.prompt_tokens + question.max_tokens).toBeLessThanOrEqual(card.context_window ?? 1e9)
      expect(question.max_tokens).toBeLessThanOrEqual(card.max_output ?? 1e9)
      expect(question.tiers?.includes(card.tier)).not.toBe(false)
      const ranked = decision.table.filter(({ gate }) => gate === null)
      expect(ranked.map(({ score }) => score)).toEqual(ranked.map(({ score }) => score).toSorted((a, b) => b - a))
      expect(ranked[0]?.model).toBe(decision.target_model)
    }),
  )
})

test('a model whose card speaks against a task gets it only when no model is left whose card does not', () => {
  fc.assert(
    fc.property(asked, ([question, all, policy]) => {
      const routed = decide(question, all, policy)
      if (!routed.ok) return
      const { type } = question.classification
      const domain = question.domain ?? (type === 'CODING' ? 'code' : null)
      const able = ({ card }: Candidate) =>
        !card.weaknesses.includes(type) && (domain === null || card.domains.includes(domain))
      const { target_model, table, outside_card } = routed.decision
      expect(outside_card === null).toBe(able(byId(all, target_model)))
      if (outside_card === null) return
      for (const { model, gate } of table)
        if (able(byId(all, model)))
          expect(['weakness', 'domain', 'local_preferred', undefined]).not.toContain(gate?.code)
    }),
  )
})

test('the order of the candidates changes nothing', () => {
  fc.assert(
    fc.property(asked, fc.infiniteStream(fc.nat()), ([question, all, policy], keys) => {
      const order = new Map(all.map((one) => [one, keys.next().value as number]))
      const shuffled = all.toSorted((a, b) => (order.get(a) as number) - (order.get(b) as number))
      expect(decide(question, shuffled, policy)).toEqual(decide(question, all, policy))
    }),
  )
})

test('more quality never lowers the rank where quality is preferred', () => {
  fc.assert(
    fc.property(asked, fc.nat(7), rating, ([question, all, policy], at, more) => {
      const raised = at % all.length
      const id = `m${raised}`
      const wishes = { ...question, prefer: 'quality' as const }
      const better = all.map((one, index) =>
        index === raised ? { ...one, card: { ...one.card, quality: Math.min(10, one.card.quality + more) } } : one,
      )
      const rank = (candidates: readonly Candidate[]): number => {
        const routed = decide(wishes, candidates, { ...policy, routing: {} })
        return routed.ok ? routed.decision.table.findIndex(({ model }) => model === id) : 0
      }
      expect(rank(better)).toBeLessThanOrEqual(rank(all))
    }),
  )
})

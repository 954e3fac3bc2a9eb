import { describe, expect, test } from 'vitest'
import type { RoutingDecision, ScoredModel } from '../../../src/contract/routing.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { highestTier } from '../../../src/supervise/answer.ts'
import { asChosen, asFallback } from '../../../src/supervise/routed.ts'
import { SharedCancel } from '../../../src/supervise/shared-cancel.ts'
import { expert } from '../routing/orchestrator/cast.ts'

describe('the tier of several models', () => {
  test.each([
    [['LOCAL_LARGE', 'CLOUD_SMALL'], 'CLOUD_SMALL'],
    // By name CLOUD comes first, and SPECIALIST last but one.
    [['LOCAL_SMALL', 'CLOUD_LARGE'], 'CLOUD_LARGE'],
    [['SPECIALIST', 'CLOUD_LARGE', 'LOCAL_SMALL'], 'SPECIALIST'],
    [['LOCAL_SMALL', 'LOCAL_LARGE'], 'LOCAL_LARGE'],
  ] as const)('%j is %s', (tiers, highest) => {
    expect(highestTier(tiers)).toBe(highest)
    expect(highestTier([...tiers].reverse())).toBe(highest)
  })

  test('is none of none', () => {
    expect(highestTier([])).toBeNull()
  })
})

const row = (model: string, score: number): ScoredModel => ({
  ...{ model, tier: 'LOCAL_LARGE', preferred: 0, live: 1, score, estimated_cost: score, gate: null },
  parts: { quality: 1, speed: 1, fit: 1, confidence: 1, cost: 1 },
  weights: { quality: 1, speed: 0, fit: 0, confidence: 0, cost: 0 },
})
const DECISION: RoutingDecision = {
  target_model: 'best',
  target_tier: 'LOCAL_LARGE',
  estimated_cost: 0.8,
  confidence: 0.6,
  reasoning: 'It is the best.',
  planned_tools: ['answer'],
  alternatives: [],
  table: [row('best', 0.8), row('model-of-answer-2', 0.4)],
  task_type: 'WRITING',
  complexity: 0.5,
  outside_card: null,
  fallback: null,
}

describe('the decision', () => {
  test('as a fallback is less sure, and says why', () => {
    expect(asFallback(DECISION, 'Why.')).toEqual({ ...DECISION, confidence: 0.6 * 0.75, fallback: 'Why.' })
  })

  test('of the orchestrator model is less sure where the router would have chosen another one', () => {
    const chosen = asChosen(DECISION, { expert: expert('answer-2') }, 'Orchestrator', ['search', 'answer'])
    expect(chosen).toMatchObject({
      target_model: 'model-of-answer-2',
      estimated_cost: 0.4,
      confidence: 0.3,
      planned_tools: ['search', 'answer'],
      reasoning: 'Orchestrator chose answer-2 (model-of-answer-2) after search, answer.',
      fallback: null,
    })
    expect(chosen.alternatives.map(({ model }) => model)).toEqual(['best'])
  })
})

describe('a signal for many runs', () => {
  test('listens to its caller once, tells all, and stops listening', () => {
    const caller = new Cancellation()
    let listeners = 0
    const shared = new SharedCancel({
      get cancelled() {
        return caller.cancelled
      },
      onCancel: (callback) => {
        listeners++
        const forget = caller.onCancel(callback)
        return () => {
          listeners--
          forget()
        }
      },
    })
    const told: number[] = []
    const forget = shared.onCancel(() => told.push(1))
    shared.onCancel(() => told.push(2))
    shared.onCancel(() => told.push(3))
    forget()
    expect(listeners).toBe(1)
    caller.cancel('cancelled')
    expect(told).toEqual([2, 3])
    shared.onCancel(() => told.push(4))
    expect(told).toEqual([2, 3, 4])
    shared.close()
    expect(listeners).toBe(0)
  })
})

import { expect, it } from 'vitest'
import type { Fault } from '../../../simulator/faults.ts'
import type { OrchestratorMove } from '../../../simulator/orchestrator.ts'
import type { SuperviseResponse } from '../../../src/contract/supervise.ts'
import { CLOUD, LARGE, ORCHESTRATOR, SMALL, startStage } from './stage.ts'

const MOST = 0.05
const TASKS = 120

/** The same numbers every time (Mulberry32). */
function dice(seed: number) {
  let state = seed
  return (sides: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides
  }
}

const MOVES: readonly OrchestratorMove[] = [
  { calls: [{ tool: 'answer' }] },
  { calls: [{ tool: 'answer', model: 'answer-3' }], as: 'raw', think: 'Hm.' },
  { calls: [{ tool: 'enhance_reasoning' }], as: 'raw_opened', think: 'Hm.' },
  { calls: [{ tool: 'enhance_reasoning', model: 'reasoner-2' }, { tool: 'answer' }] },
  {
    calls: [
      { tool: 'taxi', model: 'taxi-1' },
      { tool: 'answer', model: 'answer-2' },
    ],
  },
  { calls: [{ tool: 'answer', model: 'answer-99' }] },
  { text: 'Hm.' },
]
const FAULTS: readonly (Fault | null)[] = [
  { kind: 'status', status: 500 },
  { kind: 'reset', at: 'body' },
  { kind: 'malformed' },
  { kind: 'empty' },
  ...Array<null>(16).fill(null),
]

it('a crowd of tasks, models and faults at random: each is answered, or a problem says why, and none passes its money', async () => {
  const roll = dice(20261121)
  const stage = await startStage({
    script: () => MOVES[roll(MOVES.length)] as OrchestratorMove,
    roster: (running) => ({
      ...running,
      models: running.models.map((model) =>
        model.id === ORCHESTRATOR ? { ...model, price: { input: 1, output: 1 } } : model,
      ),
    }),
    env: { ORCHESTRATOR_TURN_TIMEOUT_MS: '5000', ORCHESTRATOR_MAX_TOKENS: '512' },
  })
  for (const model of [ORCHESTRATOR, SMALL, LARGE, CLOUD])
    stage.server(model).setFaults(() => FAULTS[roll(FAULTS.length)] ?? null)
  const responses = await Promise.all(
    Array.from({ length: TASKS }, () => stage.supervise({ max_cost: MOST, phi: false, prefer_local: roll(2) === 0 })),
  )
  const told = responses.map((response) => ({ status: response.statusCode, body: response.json() }))
  expect(told.filter(({ status }) => ![200, 502, 503].includes(status))).toEqual([])
  const answers = told.flatMap(({ status, body }) =>
    status === 503 ? [] : [(status === 200 ? body : body.supervised) as SuperviseResponse],
  )
  for (const { metadata, trace } of answers) {
    expect(metadata.cost).toBeLessThanOrEqual(MOST)
    expect(metadata.cost).toBeCloseTo(
      trace.reduce((sum, { cost }) => sum + cost, 0),
      12,
    )
    expect(trace.filter(({ step }) => step === 'fallback').length).toBe(metadata.fallback_reason === null ? 0 : 1)
  }
  // The dice reach both ways out.
  const fallen = answers.filter(({ metadata }) => metadata.fallback_reason !== null)
  expect(fallen.length).toBeGreaterThan(TASKS / 20)
  expect(answers.length - fallen.length).toBeGreaterThan(TASKS / 4)
  const counted = Object.values(await stage.fallbacks()).reduce((sum, count) => sum + count, 0)
  expect(counted).toBeGreaterThanOrEqual(fallen.length)
}, 60_000)

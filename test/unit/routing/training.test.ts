import { describe, expect, test } from 'vitest'
import { RosterRouting } from '../../../src/contract/routing.ts'
import { fewShot } from '../../../src/routing/training/few-shot.ts'
import { parseTraining, type TrainingLine } from '../../../src/routing/training/line.ts'
import { rulesFrom } from '../../../src/routing/training/rules.ts'

const line = (model: string, more: Partial<Record<keyof TrainingLine, unknown>> & { cost?: number } = {}) => {
  const { cost = 0, ...given } = more
  const { outcome = 'succeeded' } = given
  const tried = { model, tools: ['answer'], cost }
  const routing = outcome === 'succeeded' ? { optimal_routing: tried } : { optimal_routing: null, tried_routing: tried }
  return { query: 'Fix it', task_type: 'CODING', latency_ms: 100, ...routing, ...given, outcome } as TrainingLine
}
const times = (count: number, one: TrainingLine): TrainingLine[] => Array.from({ length: count }, () => one)
const failed = (model: string) => line(model, { outcome: 'failed' })

describe('reading a training file', () => {
  const good = JSON.stringify(line('coder'))
  const faultsOf = (content: string) => {
    const parsed = parseTraining(content)
    return parsed.ok ? [] : parsed.faults
  }
  test('takes what export writes, blank lines and a byte order mark', () => {
    const bad = JSON.stringify(failed('coder'))
    expect(parseTraining(`\uFEFF${good}\r\n\n${bad}\n`)).toEqual({ ok: true, lines: [line('coder'), failed('coder')] })
  })
  test.each([
    ['no JSON', '{"query": "Mr Jones', 'is not JSON'],
    ['another type', JSON.stringify({ ...line('x'), task_type: 'COOKING' }), 'task_type'],
    [
      'no model',
      JSON.stringify({ ...line('x'), optimal_routing: { tools: [], cost: 0 } }),
      'optimal_routing.model is missing',
    ],
    ['a cost below 0', JSON.stringify(line('x', { cost: -1 })), 'optimal_routing.cost must be a number from 0'],
    ['an outcome nobody knows', JSON.stringify({ ...line('x'), outcome: 'fine' }), 'outcome must be succeeded, failed'],
    ['a failure that says it is optimal', JSON.stringify({ ...failed('x'), optimal_routing: line('x') }), 'null'],
    ['a list', '[]', '(line)'],
  ])('says in which line, and never what stands there: %s', (_, content, message) => {
    const [fault, ...more] = faultsOf(`${good}\n\n${content}\n${good}`)
    expect(more).toEqual([])
    expect(fault).toEqual({ line: 3, message: expect.stringContaining(message) })
    expect(fault?.message).not.toMatch(/Jones|COOKING|fine/)
  })
  test('stops at the tenth fault', () => {
    expect(faultsOf('x\n'.repeat(50)).map(({ line: at }) => at)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })
})

describe('rules', () => {
  const preferred = (lines: readonly TrainingLine[]) => rulesFrom(lines).rules?.CODING?.prefer_models
  test('name the model that fails least first', () => {
    const lines = [...times(40, line('often')), ...times(20, failed('often')), ...times(20, line('sure'))]
    expect(preferred(lines)).toEqual(['sure', 'often'])
  })
  test('leave out a model that fails as often as not, and one with few decisions', () => {
    const lines = [
      ...times(10, line('coin')),
      ...times(10, failed('coin')),
      ...times(4, line('new')),
      ...times(6, line('ok')),
    ]
    expect(preferred(lines)).toEqual(['ok'])
    expect(rulesFrom(times(4, line('new')))).toEqual({ rules: {} })
  })
  test('where both did as well, the cheaper goes first, then the faster', () => {
    const dear = times(9, line('a-dear', { cost: 0.01 }))
    const slow = times(9, line('b-slow', { latency_ms: 900 }))
    const fast = times(9, line('c-fast', { latency_ms: 90 }))
    expect(preferred([...dear, ...slow, ...fast])).toEqual(['c-fast', 'b-slow', 'a-dear'])
  })
  test('keep types apart, three models each, in the form of the roster', () => {
    const coding = ['a', 'b', 'c', 'd'].flatMap((model) => times(9, line(model)))
    const routing = rulesFrom([...coding, ...times(9, line('poet', { task_type: 'CREATIVE' }))])
    expect(routing).toEqual({
      rules: { CODING: { prefer_models: ['a', 'b', 'c'] }, CREATIVE: { prefer_models: ['poet'] } },
    })
    expect(RosterRouting.parse(routing)).toEqual(routing)
  })
})

describe('examples', () => {
  test('are good decisions, one of each type in turns, of its best model, each query once', () => {
    const lines = [
      ...times(9, line('sure', { query: 'Fix this' })),
      ...times(9, line('sure', { query: 'Fix all of that' })),
      line('other', { query: 'Fix' }),
      line('sure', { query: 'x'.repeat(601) }),
      line('sure', { outcome: 'failed', query: 'Fix no' }),
      line('poet', { task_type: 'CREATIVE', query: 'A poem' }),
    ]
    const queries = (count: number) => fewShot(lines, count).examples.map(({ query }) => query)
    expect(queries(2)).toEqual(['Fix this', 'A poem'])
    expect(queries(9)).toEqual(['Fix this', 'A poem', 'Fix all of that', 'Fix'])
    expect(fewShot(lines, 1).examples).toEqual([
      { query: 'Fix this', task_type: 'CODING', optimal_routing: { model: 'sure', tools: ['answer'], cost: 0 } },
    ])
  })
})

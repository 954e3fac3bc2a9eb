import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TASK_TYPES, type TaskType } from '../../../src/contract/task-type.ts'
import { classify } from '../../../src/routing/classify/classify.ts'
import { complexityOf, type Measures } from '../../../src/routing/classify/complexity.ts'

const distribution = fc
  .array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 })
  .map((raw) => {
    const sum = raw.reduce((a, b) => a + b, 0)
    return Object.fromEntries(TASK_TYPES.map((type, i) => [type, (raw[i] as number) / sum])) as Record<TaskType, number>
  })
const measures: fc.Arbitrary<Measures> = fc.record({
  distribution,
  chars: fc.nat(10_000_000),
  questions: fc.nat(5000),
  sentences: fc.nat(5000),
  limits: fc.nat(5000),
  listLines: fc.nat(5000),
})
const counted = ['chars', 'questions', 'sentences', 'limits', 'listLines'] as const

describe('complexityOf', () => {
  test('lies between 0 and 1', () => {
    fc.assert(
      fc.property(measures, (given) => {
        expect(complexityOf(given)).toBeGreaterThanOrEqual(0)
        expect(complexityOf(given)).toBeLessThanOrEqual(1)
      }),
    )
  })
  test.each(counted)('more %s never makes a request simpler', (name) => {
    fc.assert(
      fc.property(measures, fc.nat(100_000), (given, more) => {
        expect(complexityOf({ ...given, [name]: given[name] + more })).toBeGreaterThanOrEqual(complexityOf(given))
      }),
    )
  })
})

describe('the complexity of a request', () => {
  test('a greeting, a question, a plan: in this order', () => {
    const greeting = classify('Hello').complexity
    const question = classify('How many days has February in 2028?').complexity
    const plan = classify(
      'Plan the fluids for the first 24 hours: 3 years, 14 kg, 8 % dehydrated, Na 156. Show each step. ' +
        'Which fluid? How fast may the sodium fall at most? What must be checked, and when?',
    ).complexity
    expect(greeting).toBeLessThan(0.15)
    expect(question).toBeGreaterThan(greeting)
    expect(plan).toBeGreaterThan(0.5)
  })
  test('grows with the material', () => {
    const rows = Array.from({ length: 60 }, (_, i) => `2026-03-${(i % 28) + 1},${100 + i},${40 + (i % 7)}`)
    const given = [1, 5, 20, 60].map((count) => classify(`Which days are odd?\n${rows.slice(0, count).join('\n')}`))
    const complexities = given.map(({ complexity }) => complexity)
    expect(complexities).toEqual(complexities.toSorted((a, b) => a - b))
  })
})

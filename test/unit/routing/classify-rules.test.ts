import { describe, expect, test } from 'vitest'
import { TASK_TYPES, type TaskType } from '../../../src/contract/task-type.ts'
import { featuresOf } from '../../../src/routing/classify/features.ts'
import { MATERIAL, tokenise } from '../../../src/routing/classify/tokenise.ts'

/** The points that the rules alone give. */
const points = (text: string) => {
  const scores = Array.from(featuresOf(text).scores)
  return Object.fromEntries(TASK_TYPES.map((type, i) => [type, scores[i]])) as Record<TaskType, number>
}
const best = (text: string) => {
  const given = points(text)
  return TASK_TYPES.reduce((top, type) => (given[type] > given[top] ? type : top))
}

describe('the rules alone', () => {
  test.each([
    ['Write a function that adds two dates', 'CODING'],
    ['Write a letter that adds two dates', 'WRITING'],
    ['Write a poem that adds two dates', 'CREATIVE'],
    ['Find the bug in this', 'CODING'],
    ['What is the best strategy to staff the night?', 'REASONING'],
    ['What are the different ways to staff the night?', 'EXPLORATION'],
    ['What does the evidence say about how to staff the night?', 'RESEARCH'],
    ['Redacta una carta para la aseguradora', 'WRITING'],
    ['Qué estudios hay sobre el turno de noche', 'RESEARCH'],
  ] as const)('%s: %s', (text, type) => {
    expect(best(text)).toBe(type)
  })
  test('words, not parts of words: a description is no script, poetical is no poem', () => {
    expect(points('the description of Monday').CODING).toBe(points('the colour of Monday').CODING)
  })
  test.each(['haiku abuot the fucntion', 'a funtion', 'a functoin', 'a functtion'])(
    'a slip is forgiven: %s',
    (text) => {
      expect(points(text).CODING).toBeGreaterThan(points('a fountain').CODING)
    },
  )
  test('elements of a rule stand near each other, in their order', () => {
    const near = points('we could write a small poem').CREATIVE
    expect(near).toBeGreaterThan(points('we could, poem or no poem, write').CREATIVE)
    expect(near).toBeGreaterThan(points('we could write all day long if we had a poem').CREATIVE)
  })
})

describe('request and material', () => {
  const isMaterial = (text: string) => {
    const { count, marks } = tokenise(text)
    return Array.from(marks.subarray(0, count), (mark) => (mark & MATERIAL) !== 0)
  }
  test('a long quotation is material, a short one is not', () => {
    const long = `shorten "${'very long text '.repeat(10)}" please`
    expect(isMaterial(long)).toEqual([false, ...Array(30).fill(true), false])
    expect(isMaterial('what is "an apex" please')).toEqual(Array(5).fill(false))
  })
  test('rows of numbers and lines of code are material, the question around them is not', () => {
    expect(isMaterial('odd days?\n12,30,45,9\nx[i] = f(y);\nthanks')).toEqual([
      ...[false, false],
      ...[true, true, true, true],
      ...[true, true, true, true],
      false,
    ])
  })
  test('what the material says is not what is wanted', () => {
    const asked = points(
      'Please judge the tone of this: "Write a poem, write a poem, write me a poem about autumn now please, will you"',
    )
    expect(asked.CREATIVE).toBe(0)
  })
})

import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../../../src/config.ts'
import { CATALOGUE } from '../../../../src/routing/orchestrator/catalogue.ts'
import { schemaOf } from '../../../../src/routing/orchestrator/offer.ts'
import { toolbox } from '../../../../src/routing/orchestrator/tool.ts'
import { fullContext, shortContext, turnMessages } from '../../../../src/routing/orchestrator/work.ts'
import { expert, offer, toolNamed } from './cast.ts'

const EMPTY = { problem: 'Why?', documents: [], notes: [] }
const note = (text: string) => ({ tool: 'enhance_reasoning', by: 'reasoner-1', text })

describe('the prompt of a turn', () => {
  test('is the two messages of the training', () => {
    expect(turnMessages(EMPTY, 1000)).toEqual([
      { role: 'system', content: 'You are good at using tools.' },
      { role: 'user', content: 'Problem: Why?\n\n\n\nChoose an appropriate tool.' },
    ])
  })

  test('holds documents as they were shown there, the first 1200 characters of each', () => {
    const work = { ...EMPTY, documents: ['a'.repeat(1300), 'short'] }
    expect(shortContext(work, 10_000)).toBe(`Documents:\nDoc 1: ${'a'.repeat(1200)} ...\n\nDoc 2: short`)
    expect(fullContext(work)).toContain('a'.repeat(1300))
  })

  test('never passes its room: late results stay, early documents go', () => {
    const documents = Array.from({ length: 30 }, (_, at) => `document ${at} ${'d'.repeat(500)}`)
    const work = { ...EMPTY, documents, notes: [note('first'), note('last')] }
    for (const most of [0, 10, 100, 1000, 5000]) {
      const context = shortContext(work, most)
      // Two parts are joined by an empty line.
      expect(context.length).toBeLessThanOrEqual(most + 2)
      if (most >= 200) expect(context).toMatch(/first[\s\S]*last$/)
    }
    expect(shortContext(work, 1000)).toContain('document 29')
    expect(shortContext(work, 1000)).not.toContain('document 2 ')
  })
})

describe('a tool as the model sees it', () => {
  const seen = (...experts: ReturnType<typeof expert>[]) => {
    const [first, ...rest] = experts
    const { parameters } = schemaOf({ tool: toolNamed('answer'), experts: [first as never, ...rest] }).function
    return (parameters as { properties: { model: { description: string; enum: string[] } } }).properties.model
  }

  test('has one argument, the model, and must have it', () => {
    const schema = schemaOf(offer('answer'))
    expect(schema).toMatchObject({
      type: 'function',
      function: {
        name: 'answer',
        parameters: { type: 'object', required: ['model'], properties: { model: { enum: ['answer-1', 'answer-2'] } } },
      },
    })
    expect(Object.keys((schema.function.parameters as { properties: object }).properties)).toEqual(['model'])
  })

  test('names no model by its own name', () => {
    expect(JSON.stringify(schemaOf(offer('answer')))).not.toContain('model-of')
  })

  test('says what is known of each model, and only that', () => {
    const { description } = seen(
      expert('answer-1', { price: { input: 1.25, output: 10 }, quality: 9 }, { latency_ms: 30_600 }),
      expert(
        'answer-2',
        { price: { gpu_second: 0.001 }, strengths: ['CODING'] },
        { ms_per_token: 20, latency_ms: 840 },
      ),
      expert('answer-3', { price: { gpu_second: 0.001 } }),
      expert('answer-4', { price: { input: 0, output: 0 } }),
    )
    expect(description).toContain("Choices: ['answer-1', 'answer-2', 'answer-3', 'answer-4'].")
    expect(description).toContain('answer-1 is rated 9 of 10 for quality')
    expect(description).toContain('is good at CODING')
    expect(description.split('\n').slice(1)).toEqual([
      'Model | price per million input tokens | price per million output tokens | average latency',
      'answer-1 | $1.25 | $10 | 31s',
      // 20 ms a token are 20,000 s a million.
      'answer-2 | $0 | $20 | 0.8s',
      'answer-3 | unknown | unknown | unknown',
      'answer-4 | $0 | $0 | unknown',
    ])
  })
})

describe('the catalogue', () => {
  test('holds the tools of the training, and every kind', () => {
    expect(CATALOGUE.slice(0, 3).map(({ name }) => name)).toEqual(parseConfig({}).orchestrator.tools)
    expect(new Set(CATALOGUE.map(({ kind }) => kind)).size).toBe(6)
    expect(toolbox(CATALOGUE).size).toBe(CATALOGUE.length)
  })

  test.each(CATALOGUE.map((tool) => [tool.name, tool] as const))('%s gives its model all that is known', (_, tool) => {
    const asked = tool.ask({ problem: 'The problem.', documents: ['The document.'], notes: [note('The note.')] })
    for (const part of ['The problem.', 'The document.', 'The note.', 'never an instruction'])
      expect(asked).toContain(part)
    expect(tool.ask(EMPTY)).toMatch(/^Problem:\nWhy\?/)
  })

  test.each([
    [{ name: 'Answer Me' }, /must be a-z/],
    [{ name: 'mine', alias: 'Mine' }, /alias of tool mine/],
    [{ name: 'answer', alias: 'mine' }, /two tools/],
    [{ name: 'mine', alias: 'answer' }, /another tool's/],
  ])('takes no tool %j', (change, message) => {
    expect(() => toolbox([...CATALOGUE, { ...toolNamed('answer'), ...change }])).toThrow(message)
  })
})

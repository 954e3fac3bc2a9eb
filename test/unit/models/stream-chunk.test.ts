import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Defect, type Piece, readChunk } from '../../../src/models/stream-chunk.ts'

const NOTHING: Piece = { text: '', alive: false, finish_reason: undefined, usage: undefined }
const read = (chunk: unknown) => readChunk(JSON.stringify(chunk))
const choice = (delta: unknown, more: object = {}) => ({ choices: [{ index: 0, delta, finish_reason: null, ...more }] })
const codeOf = (chunk: unknown) => (read(chunk) as Defect).code

describe('a piece of a streamed answer', () => {
  it.each<[string, unknown, Partial<Piece>]>([
    ['text', choice({ content: 'Home.' }), { text: 'Home.', alive: true }],
    ['the role only', choice({ role: 'assistant', content: null }), {}],
    ['no text', choice({ content: '' }), {}],
    ['no delta members', choice({}), {}],
    ['the end', choice({}, { finish_reason: 'stop' }), { alive: true, finish_reason: 'stop' }],
    ['the counts', { choices: [], usage: { prompt_tokens: 1 } }, { alive: true, usage: { prompt_tokens: 1 } }],
    ['no counts yet', { ...choice({ content: 'x' }), usage: null }, { text: 'x', alive: true }],
    ['reasoning', choice({ reasoning_content: 'Hm.' }), { alive: true }],
    ['reasoning by its other name', choice({ reasoning: 'Hm.', content: '' }), { alive: true }],
    [
      'more than we use',
      { ...choice({ content: 'x', tool_calls: [] }), timings: {}, error: null },
      { text: 'x', alive: true },
    ],
  ])('with %s', (_, chunk, expected) => {
    expect(read(chunk)).toEqual({ ...NOTHING, ...expected })
  })

  it.each<[string, unknown]>([
    ['null', null],
    ['a list', []],
    ['no choices', {}],
    ['choices that are an object', { choices: { 0: {} } }],
    ['a null choice', { choices: [null] }],
    ['a choice without delta', { choices: [{ index: 0 }] }],
    ['a message in place of a delta', { choices: [{ message: { content: 'x' } }] }],
    ['content that is a number', choice({ content: 5 })],
    ['content in parts', choice({ content: [{ type: 'text', text: 'x' }] })],
    ['another answer', choice({ content: 'x' }, { index: 1 })],
    ['a tool call', choice({ tool_calls: [{ id: 'x' }] })],
  ])('with %s is a bad_upstream_response', (_, chunk) => {
    expect(codeOf(chunk)).toBe('bad_upstream_response')
  })

  it.each(['', '{oops', '[DONE', 'undefined'])('that is no JSON (%j) is a bad_upstream_response', (data) => {
    expect(readChunk(data)).toMatchObject({ code: 'bad_upstream_response' })
  })

  it('with an error is an upstream_error that may pass, or says that the prompt does not fit', () => {
    expect(read({ error: { code: 500, message: 'x', type: 'server_error' } })).toMatchObject({
      code: 'upstream_error',
      transient: true,
    })
    expect(codeOf({ error: 'x', choices: [] })).toBe('upstream_error')
    expect(codeOf({ error: { type: 'exceed_context_size_error' } })).toBe('context_overflow')
  })

  it('may be any JSON and is quoted nowhere', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, delta) => {
        for (const chunk of [value, { choices: value }, { choices: [value] }, choice(delta)])
          expect(read(chunk)).toBeTypeOf('object')
      }),
    )
    for (const chunk of [{ error: 'CANARY' }, choice({ content: ['CANARY'] }), { choices: 'CANARY' }])
      expect(JSON.stringify(read(chunk))).not.toContain('CANARY')
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCompletion } from '../../../src/models/completion.ts'

const body = (parts: { choice?: object; message?: object; usage?: unknown } = {}) => ({
  choices: [
    {
      message: { role: 'assistant', content: 'Discharged home.', ...parts.message },
      finish_reason: 'stop',
      ...parts.choice,
    },
  ],
  usage: 'usage' in parts ? parts.usage : { prompt_tokens: 40, completion_tokens: 5 },
})

const read = (value: unknown, max_tokens = 64) => readCompletion(value, max_tokens, 12)
const codeOf = (value: unknown) => {
  const result = read(value)
  return result.ok ? 'ok' : result.code
}

describe('a chat completion', () => {
  it('is read whole, with the counts that the server reports', () => {
    expect(read(body())).toEqual({
      ok: true,
      content: 'Discharged home.',
      tokens: 5,
      prompt_tokens: 40,
      finish_reason: 'stop',
      truncated: false,
      warnings: [],
      latency_ms: 12,
      first_token_ms: null,
    })
  })

  it('may hold more than we use', () => {
    const extra = {
      ...body({ message: { reasoning: {}, tool_calls: [] } }),
      system_fingerprint: 'x',
      timings: [1],
      choices2: null,
    }
    expect(codeOf(extra)).toBe('ok')
    expect(codeOf(body({ message: { tool_calls: null } }))).toBe('ok')
  })

  it.each<[string, unknown, { tokens: number | null; prompt_tokens: number | null }]>([
    ['no usage', undefined, { tokens: null, prompt_tokens: null }],
    ['usage null', null, { tokens: null, prompt_tokens: null }],
    ['an empty usage', {}, { tokens: null, prompt_tokens: null }],
    ['one count', { completion_tokens: 0 }, { tokens: 0, prompt_tokens: null }],
    ['a null count', { completion_tokens: null, prompt_tokens: 7 }, { tokens: null, prompt_tokens: 7 }],
  ])('with %s has counts that are not made up', (_, usage, expected) => {
    expect(read(body({ usage }))).toMatchObject({ ok: true, ...expected })
  })

  it.each([null, undefined, 'stop', 'eos', 'eos_token', 'stop_sequence', 'end_turn'])(
    'that ended by %s is whole',
    (finish_reason) => {
      expect(read(body({ choice: { finish_reason } }))).toMatchObject({
        ok: true,
        truncated: false,
        finish_reason: finish_reason ?? null,
      })
    },
  )

  it('that ended by length is truncated, never silently whole', () => {
    expect(read(body({ choice: { finish_reason: 'length' } }))).toMatchObject({ ok: true, truncated: true })
  })

  it.each<[number, boolean]>([
    [63, false],
    [64, true],
    [65, true],
  ])(
    'of %i tokens where 64 were allowed is truncated: %s, whatever its finish reason says',
    (completion_tokens, truncated) => {
      expect(read(body({ usage: { completion_tokens, prompt_tokens: 1 } }))).toMatchObject({ ok: true, truncated })
    },
  )
})

describe('what is no chat completion', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['a string', 'text'],
    ['a number', 1],
    ['a list', [body()]],
    ['an empty object', {}],
    ['an error with status 200', { error: { message: 'no' } }],
    ['choices that are an object', { choices: { 0: body().choices[0] } }],
    ['no choices', { choices: [] }],
    ['a null choice', { choices: [null] }],
    ['a choice that is a list', { choices: [[]] }],
    ['a choice without message', { choices: [{ text: 'x', finish_reason: 'stop' }] }],
    ['a message that is text', { choices: [{ message: 'x' }] }],
    ['content null', body({ message: { content: null } })],
    ['content that is a number', body({ message: { content: 5 } })],
    ['content in parts', body({ message: { content: [{ type: 'text', text: 'x' }] } })],
    ['content missing', { choices: [{ message: {} }] }],
    ['a tool call that nobody asked for', body({ message: { tool_calls: [{ id: 'x' }] } })],
    ['a finish reason of tool_calls', body({ choice: { finish_reason: 'tool_calls' } })],
    ['a finish reason nobody knows', body({ choice: { finish_reason: 'abort' } })],
    ['a finish reason that is an object', body({ choice: { finish_reason: {} } })],
    ['usage that is text', body({ usage: '12' })],
    ['usage that is a list', body({ usage: [1] })],
    ['counts that are text', body({ usage: { completion_tokens: '5', prompt_tokens: 1 } })],
    ['a count of half a token', body({ usage: { completion_tokens: 1.5 } })],
    ['a negative count', body({ usage: { completion_tokens: -1 } })],
    ['an infinite count', body({ usage: JSON.parse('{"completion_tokens": 1e400}') })],
    ['a count that no integer holds', body({ usage: { prompt_tokens: 2 ** 53 } })],
  ])('%s is a bad_upstream_response', (_, value) => {
    expect(codeOf(value)).toBe('bad_upstream_response')
  })

  it('may be any JSON: nothing crashes the reader, and it never throws', () => {
    const shapes = fc.oneof(
      fc.jsonValue(),
      fc.record({ choices: fc.array(fc.jsonValue(), { maxLength: 2 }), usage: fc.jsonValue() }),
      fc.record({ choices: fc.tuple(fc.record({ message: fc.jsonValue(), finish_reason: fc.jsonValue() })) }),
    )
    fc.assert(
      fc.property(shapes, (value) => {
        expect(typeof read(value).ok).toBe('boolean')
      }),
    )
  })

  it('is not quoted in the message: it may hold clinical text', () => {
    const secret = 'JANE-ROE-CANARY'
    const values = [
      { choices: secret },
      body({ choice: { finish_reason: secret } }),
      body({ usage: secret, message: { content: secret } }),
      body({ message: { tool_calls: [secret] } }),
      body({ message: { content: secret }, choice: { finish_reason: 'content_filter' } }),
    ]
    for (const value of values) {
      const result = read(value)
      expect(result.ok).toBe(false)
      expect(JSON.stringify(result)).not.toContain(secret)
    }
  })
})

describe('a reasoning block', () => {
  it('does not get into the document, and its absence is said', () => {
    const content = '<think>\nJane Roe may be tired.\n</think>\n\nDischarged home.'
    expect(read(body({ message: { content } }))).toMatchObject({
      content: 'Discharged home.',
      warnings: ["The model's reasoning block was left out."],
    })
  })

  it('apart from the answer is not looked at', () => {
    expect(read(body({ message: { reasoning_content: 'Hm.' } }))).toMatchObject({
      content: 'Discharged home.',
      warnings: [],
    })
  })

  it.each(['<think>only</think>', '<think>never closed', '<think></think> \n'])(
    '%j and nothing else is empty_output',
    (content) => {
      expect(codeOf(body({ message: { content } }))).toBe('empty_output')
    },
  )
})

describe('an answer without an answer', () => {
  it.each(['', ' ', '\n\t \r\n', '\u00a0', '\ufeff'])('of %j is empty_output', (content) => {
    expect(codeOf(body({ message: { content } }))).toBe('empty_output')
  })

  it('withheld by a filter is content_filtered, even with some text', () => {
    expect(codeOf(body({ choice: { finish_reason: 'content_filter' } }))).toBe('content_filtered')
    expect(codeOf(body({ choice: { finish_reason: 'content_filter' }, message: { content: null } }))).toBe(
      'content_filtered',
    )
  })
})

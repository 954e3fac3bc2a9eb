import { describe, expect, it } from 'vitest'
import { type Fault, SCHEMA_VARIANTS } from '../../../simulator/faults.ts'
import type { TaskErrorCode } from '../../../src/errors.ts'
import { chatCompletion, httpAnswer } from '../../helpers/raw-server.ts'
import { CHAT, CLINICAL, MEDICAL_QA } from '../../helpers/service.ts'
import { clinicalRun, faultFails, hopsOf, pair, resultIn } from './cases.ts'
import { SERVER_WORDS, startTrial } from './oracle.ts'

type Case = [string, Fault, TaskErrorCode, number]

const raw = (bytes: string | Buffer): Fault => ({ kind: 'raw', bytes: Buffer.from(bytes).toString('latin1') })
const answer = (body: string, headers: Record<string, string> = {}) => raw(httpAnswer({ body, headers }))
const withHead = (lines: string, body = ''): Fault => raw(`HTTP/1.1 200 OK\r\n${lines}\r\n\r\n${body}`)
const BODY = chatCompletion({ content: SERVER_WORDS })
const HARMLESS = ['no_usage', 'extra_members'] as const

const NONSENSE: Case[] = [
  ['M09 malformed JSON', answer(`{"${SERVER_WORDS}": oops`), 'bad_upstream_response', 1],
  ['M09 nothing', answer(''), 'bad_upstream_response', 1],
  [
    'M09 a page in HTML',
    answer(`<h1>${SERVER_WORDS}</h1>`, { 'content-type': 'text/html' }),
    'bad_upstream_response',
    1,
  ],
  ['M09 a stream that nobody asked for', answer(`data: ${BODY}\n\ndata: [DONE]\n\n`), 'bad_upstream_response', 1],
  ['M10 half of what it announced', { kind: 'truncated' }, 'bad_upstream_response', 3],
  ['M10 whole JSON, but more announced', withHead('content-length: 9000', BODY), 'bad_upstream_response', 3],
  ['M10 more than it announced', answer(BODY, { 'content-length': '20' }), 'bad_upstream_response', 1],
  [
    'M10 JSON cut before its end, without a length',
    withHead('connection: close', BODY.slice(0, -4)),
    'bad_upstream_response',
    1,
  ],
  ['M10 chunks without an end', withHead('transfer-encoding: chunked', `5\r\n{"cho`), 'bad_upstream_response', 3],
  ...SCHEMA_VARIANTS.filter((variant) => !HARMLESS.some((one) => one === variant)).map(
    (variant): Case => [`M11 schema: ${variant}`, { kind: 'schema', variant }, 'bad_upstream_response', 1],
  ),
  [
    'M11 usage that is NaN',
    answer(BODY.replace('"prompt_tokens":12', '"prompt_tokens":NaN')),
    'bad_upstream_response',
    1,
  ],
  [
    'M11 usage that is 1e400',
    answer(BODY.replace('"prompt_tokens":12', '"prompt_tokens":1e400')),
    'bad_upstream_response',
    1,
  ],
  ['M18 an empty list of choices', { kind: 'schema', variant: 'empty_choices' }, 'bad_upstream_response', 1],
  ['M18 no text', { kind: 'empty' }, 'empty_output', 1],
  ['M18 blanks and invisible marks', answer(chatCompletion({ content: ' \n\t\u200b\u2060 ' })), 'empty_output', 1],
  ['M19 content_filter', { kind: 'finish', reason: 'content_filter' }, 'content_filtered', 1],
  ['M19 tool_calls', { kind: 'finish', reason: 'tool_calls' }, 'bad_upstream_response', 1],
  ['M19 a finish_reason that nobody knows', { kind: 'finish', reason: SERVER_WORDS }, 'bad_upstream_response', 1],
  ['M21 a part of its prompt read, as if that were all', { kind: 'input_cut', prompt_tokens: 3 }, 'input_truncated', 1],
  ['M22 bytes that are no HTTP', raw(`SSH-2.0-${SERVER_WORDS}\r\n\r\n`), 'bad_upstream_response', 3],
  ['M22 a bad chunk size', withHead('transfer-encoding: chunked', `zz\r\n${BODY}`), 'bad_upstream_response', 3],
  ['M22 64 KB of headers', withHead(`x: ${'a'.repeat(65_536)}`, BODY), 'bad_upstream_response', 3],
  ['M22 a header name with a blank', withHead('bad name: 1', BODY), 'bad_upstream_response', 3],
  [
    'M22 two lengths that differ',
    withHead('content-length: 3\r\ncontent-length: 900', BODY),
    'bad_upstream_response',
    3,
  ],
  ['M22 only an interim answer', raw('HTTP/1.1 100 Continue\r\n\r\n'), 'upstream_unreachable', 3],
  ['M22 200 headers and then nothing right', withHead(headers(200), '{oops'), 'bad_upstream_response', 1],
]

function headers(count: number): string {
  return Array.from({ length: count }, (_, n) => `x-${n}: ${SERVER_WORDS}`).join('\r\n')
}

describe('an answer that is none', () => {
  it.each(NONSENSE)('%s', async (_, fault, code, attempts) => {
    await faultFails(fault, code, attempts)
  })

  it.each(HARMLESS)('M11 a harmless oddity is taken as it is: %s', async (variant) => {
    const trial = await startTrial()
    trial.server(CHAT).setFaults(() => ({ kind: 'schema', variant }))
    const heard = await trial.ask(pair())
    expect(heard.run?.status).toBe('succeeded')
    expect(resultIn(heard, 'faulty').tokens === null).toBe(variant === 'no_usage')
  })

  it.each<[string, string]>([
    ['M22 200 headers before a right answer', `HTTP/1.1 200 OK\r\n${headers(200)}\r\n`],
    [
      'M22 500 interim answers before a right one',
      `${'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(500)}HTTP/1.1 200 OK\r\n`,
    ],
  ])('%s are passed over', async (_, start) => {
    const trial = await startTrial()
    const body = chatCompletion({ content: 'A right answer.', usage: undefined })
    trial.server(CHAT).setFaults(() => raw(`${start}content-length: ${body.length}\r\n\r\n${body}`))
    expect(resultIn(await trial.ask(pair()), 'faulty')).toMatchObject({
      status: 'succeeded',
      content: 'A right answer.',
    })
  })
})

describe('M14 text that nobody can store', () => {
  it.each(['invalid_utf8', 'nul', 'lone_surrogate'] as const)('M14 %s is repaired, and shows it', async (variant) => {
    const trial = await startTrial()
    trial.server(CHAT).setFaults([{ kind: 'bad_text', variant }])
    const heard = await trial.ask(pair())
    const { content } = resultIn(heard, 'faulty')
    expect(content).toContain('\uFFFD')
    expect(content?.isWellFormed()).toBe(true)
    expect(content).not.toContain('\u0000')
    expect(heard.run?.aggregated_content).toContain('\uFFFD')
  })

  it('M14 a byte order mark before the JSON is refused', async () => {
    await faultFails({ kind: 'bad_text', variant: 'bom' }, 'bad_upstream_response', 1)
  })
})

describe('M18, M19 an answer that is not whole', () => {
  it.each<[string, Fault, TaskErrorCode]>([
    ['M18 empty', { kind: 'empty' }, 'empty_output'],
    ['M19 filtered', { kind: 'finish', reason: 'content_filter' }, 'content_filtered'],
    ['M19 a tool call', { kind: 'finish', reason: 'tool_calls' }, 'bad_upstream_response'],
  ])('%s: the fallback is asked', async (_, fault, code) => {
    const trial = await startTrial()
    trial.server(CLINICAL).setFaults(() => fault)
    const heard = await trial.ask(clinicalRun([{ task_id: 'a', agent_type: 'Clinical' }]))
    expect(heard.run?.status).toBe('succeeded')
    expect(hopsOf(resultIn(heard, 'a'))).toEqual([
      [CLINICAL, code],
      [MEDICAL_QA, 'ok'],
    ])
  })

  it.each<[string, Fault, string]>([
    ['M19 length', { kind: 'finish', reason: 'length' }, 'length'],
    ['M19 length, though it says "stop"', { kind: 'cut_as_stop' }, 'stop'],
  ])('%s: kept, marked as cut, and never passed off as whole', async (_, fault, finish_reason) => {
    const trial = await startTrial()
    trial.server(CHAT).setFaults(() => fault)
    const heard = await trial.ask(clinicalRun([{ task_id: 'a', max_tokens: 64 }]))
    expect(heard.run).toMatchObject({ status: 'partial', success: false })
    expect(resultIn(heard, 'a')).toMatchObject({ status: 'succeeded', truncated: true, finish_reason, error: null })
    expect(heard.run?.metadata.errors).toMatchObject([{ task_id: 'a', code: 'output_truncated', cause: null }])
    expect(heard.run?.aggregated_content).toContain('[INCOMPLETE')
  })
})

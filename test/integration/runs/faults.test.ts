import { describe, expect, it } from 'vitest'
import { type Fault, SCHEMA_VARIANTS } from '../../../simulator/faults.ts'
import type { TaskErrorCode } from '../../../src/errors.ts'
import { CHAT, CLINICAL, custom, resultOf, run, startService } from '../../helpers/service.ts'

const OK_SCHEMAS = ['no_usage', 'extra_members']

/** Fault of every answer → task code, and how often the server is asked. */
const FAULTS: [string, Fault, TaskErrorCode, number][] = [
  ['reset before an answer', { kind: 'reset', at: 'request' }, 'upstream_unreachable', 3],
  ['reset in the headers', { kind: 'reset', at: 'headers' }, 'upstream_unreachable', 3],
  ['reset in the body', { kind: 'reset', at: 'body' }, 'bad_upstream_response', 3],
  ['429', { kind: 'status', status: 429 }, 'rate_limited', 3],
  ['429, come back at once', { kind: 'status', status: 429, retry_after: '0' }, 'rate_limited', 3],
  [
    '429 until a date that is past',
    { kind: 'status', status: 429, retry_after: 'Sun, 06 Nov 1994 08:49:37 GMT' },
    'rate_limited',
    3,
  ],
  [
    '429 until a date far off',
    { kind: 'status', status: 429, retry_after: 'Fri, 31 Dec 2100 23:59:59 GMT' },
    'rate_limited',
    1,
  ],
  ['429 for ever', { kind: 'status', status: 429, retry_after: '99999999999999999999' }, 'rate_limited', 1],
  ['429 with a negative wait', { kind: 'status', status: 429, retry_after: '-5' }, 'rate_limited', 3],
  ['429 with junk for a wait', { kind: 'status', status: 429, retry_after: 'soon' }, 'rate_limited', 3],
  ['500', { kind: 'status', status: 500 }, 'upstream_error', 3],
  ['502', { kind: 'status', status: 502 }, 'upstream_error', 3],
  ['503', { kind: 'status', status: 503 }, 'upstream_error', 3],
  ['503 for an hour', { kind: 'status', status: 503, retry_after: '3600' }, 'upstream_error', 1],
  ['504', { kind: 'status', status: 504, body: '<html>Gateway</html>' }, 'upstream_error', 3],
  ['400', { kind: 'status', status: 400 }, 'upstream_rejected', 1],
  ['401', { kind: 'status', status: 401 }, 'upstream_rejected', 1],
  ['404', { kind: 'status', status: 404 }, 'upstream_rejected', 1],
  ['422', { kind: 'status', status: 422 }, 'upstream_rejected', 1],
  ['200 that is not JSON', { kind: 'malformed' }, 'bad_upstream_response', 1],
  ['half of what it announced', { kind: 'truncated' }, 'bad_upstream_response', 3],
  ['no text', { kind: 'empty' }, 'empty_output', 1],
  ['content_filter', { kind: 'finish', reason: 'content_filter' }, 'content_filtered', 1],
  ['tool_calls', { kind: 'finish', reason: 'tool_calls' }, 'bad_upstream_response', 1],
  ['an unknown finish_reason', { kind: 'finish', reason: 'weird' }, 'bad_upstream_response', 1],
  ['8 MB with their length', { kind: 'huge', megabytes: 8, framing: 'length' }, 'response_too_large', 1],
  ['8 MB in chunks', { kind: 'huge', megabytes: 8, framing: 'chunked' }, 'response_too_large', 1],
  ['a gzip bomb', { kind: 'huge', megabytes: 64, framing: 'gzip' }, 'bad_upstream_response', 1],
  ['gzip that nobody asked for', { kind: 'gzip' }, 'bad_upstream_response', 1],
  ['a byte order mark', { kind: 'bad_text', variant: 'bom' }, 'bad_upstream_response', 1],
  ['bytes that are no HTTP', { kind: 'raw', bytes: 'hello\r\n\r\n' }, 'bad_upstream_response', 3],
  [
    'a bad chunk size',
    { kind: 'raw', bytes: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}' },
    'bad_upstream_response',
    3,
  ],
  [
    '64 KB of headers',
    { kind: 'raw', bytes: `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(65_536)}\r\n\r\n` },
    'bad_upstream_response',
    3,
  ],
  ['only an interim answer', { kind: 'raw', bytes: 'HTTP/1.1 100 Continue\r\n\r\n' }, 'upstream_unreachable', 3],
  ['a prompt that it cut', { kind: 'input_cut', prompt_tokens: 3 }, 'input_truncated', 1],
  ...SCHEMA_VARIANTS.filter((variant) => !OK_SCHEMAS.includes(variant)).map(
    (variant): [string, Fault, TaskErrorCode, number] => [
      `schema ${variant}`,
      { kind: 'schema', variant },
      'bad_upstream_response',
      1,
    ],
  ),
]

const pair = custom([
  { task_id: 'faulty', prompt: 'Summarise the stay of this patient in two plain sentences, please.' },
  { task_id: 'sound', agent_type: 'Clinical' },
])

describe('a model server that answers with', () => {
  it.each(FAULTS)('%s', async (_name, fault, code, attempts) => {
    const service = await startService()
    service.server(CHAT).setFaults(() => fault)
    const response = await run(service, pair)
    const faulty = resultOf(response, 'faulty')
    expect(faulty).toMatchObject({ status: 'failed', content: null, error: { code } })
    expect(faulty.attempts.map(({ outcome }) => outcome)).toEqual(Array(attempts).fill(code))
    expect(service.server(CHAT).ledger.received).toBe(attempts)
    expect(response.metadata.errors).toEqual([{ task_id: 'faulty', ...faulty.error, cause: null }])
    expect(faulty.error?.message).not.toContain('Fault on demand')
    expect(resultOf(response, 'sound')).toMatchObject({ status: 'succeeded', error: null })
    expect(response.status).toBe('partial')
  })

  it.each(OK_SCHEMAS)('a harmless oddity is taken as it is: %s', async (variant) => {
    const service = await startService()
    service.server(CHAT).setFaults(() => ({ kind: 'schema', variant: variant as 'no_usage' }))
    const response = await run(service, pair)
    expect(response.status).toBe('succeeded')
    expect(resultOf(response, 'faulty').tokens === null).toBe(variant === 'no_usage')
  })

  it.each(['invalid_utf8', 'nul', 'lone_surrogate'] as const)(
    'text that nobody can store, repaired: %s',
    async (variant) => {
      const service = await startService()
      service.server(CHAT).setFaults([{ kind: 'bad_text', variant }])
      const { content } = resultOf(await run(service, pair), 'faulty')
      expect(content).toContain('\uFFFD')
      expect(content?.isWellFormed()).toBe(true)
      expect(content).not.toContain('\u0000')
    },
  )
})

describe('a model server that silently takes its time', () => {
  it.each<[string, Fault]>([
    ['hangs', { kind: 'hang' }],
    ['hangs in the body', { kind: 'hang_body' }],
    ['trickles', { kind: 'trickle', interval_ms: 20 }],
    ['sends half of its headers', { kind: 'raw', bytes: 'HTTP/1.1 200 OK\r\ncontent-', hold: true }],
  ])('fails its task by its timeout and is asked no second time: it %s', async (_name, fault) => {
    const service = await startService()
    service.server(CHAT).setFaults(() => fault)
    const tasks = [
      { task_id: 'faulty', timeout_ms: 300 },
      { task_id: 'sound', agent_type: 'Clinical' },
    ]
    const response = await run(service, custom(tasks))
    expect(resultOf(response, 'faulty')).toMatchObject({ status: 'failed', error: { code: 'upstream_timeout' } })
    expect(resultOf(response, 'sound').status).toBe('succeeded')
    await service.server(CHAT).ledger.idle()
    expect(service.server(CHAT).ledger).toMatchObject({ received: 1, aborted: 1 })
  })
})

describe('a model server that is not there', () => {
  it('fails its task as unreachable and harms no other', async () => {
    const service = await startService()
    await service.server(CHAT).refuse()
    const response = await run(service, pair)
    expect(resultOf(response, 'faulty')).toMatchObject({ error: { code: 'upstream_unreachable' }, tokens: null })
    expect(resultOf(response, 'faulty').attempts).toHaveLength(3)
  })

  it('that goes away in the middle of a call fails in the same way', async () => {
    const service = await startService()
    service.server(CHAT).setFaults([{ kind: 'refuse', for_ms: 600_000 }])
    expect(resultOf(await run(service, pair), 'faulty').error?.code).toBe('upstream_unreachable')
  })
})

describe('a fault that passes', () => {
  it.each<[string, Fault]>([
    ['a reset', { kind: 'reset', at: 'request' }],
    ['a reset in the body', { kind: 'reset', at: 'body' }],
    ['500', { kind: 'status', status: 500 }],
    ['503 with a short wait', { kind: 'status', status: 503, retry_after: '0' }],
    ['429', { kind: 'status', status: 429, retry_after: '0' }],
  ])('is tried again, and the result shows it: %s', async (_name, fault) => {
    const service = await startService()
    service.server(CHAT).setFaults([fault, fault])
    const response = await run(service, pair)
    const result = resultOf(response, 'faulty')
    expect(response).toMatchObject({ status: 'succeeded', metadata: { errors: [] } })
    expect(result.attempts.map(({ outcome }) => outcome === 'ok')).toEqual([false, false, true])
    expect(result.latency_ms).toBe(result.attempts[2]?.latency_ms)
    const failed = result.attempts.slice(0, 2).reduce((sum, { latency_ms }) => sum + latency_ms, 0)
    expect(result.retry_ms).toBeGreaterThanOrEqual(failed - 0.01)
  })
})

describe('a fault of configuration', () => {
  it('names the entry to check for a key that is refused, and never the key', async () => {
    const service = await startService({
      env: { MODEL_API_KEYS: JSON.stringify({ [CHAT]: 'wrong-key-4711', [CLINICAL]: 'right-key-0815' }) },
      simulator: { apiKeys: { [CHAT]: 'other-key', [CLINICAL]: 'right-key-0815' } },
    })
    const response = await service.execute(pair)
    const body = response.json()
    expect(resultOf(body, 'faulty').error).toMatchObject({
      code: 'upstream_rejected',
      message: expect.stringMatching(/^Configuration error: .*401.*MODEL_API_KEYS/),
    })
    expect(resultOf(body, 'sound').status).toBe('succeeded')
    expect(response.body + JSON.stringify(service.lines)).not.toMatch(/wrong-key|right-key|other-key/)
  })

  it('names url and served_model for a path that is not there', async () => {
    const service = await startService({
      roster: (running) => ({
        ...running,
        models: running.models.map((model) =>
          model.id === CHAT ? { ...model, url: model.url.replace('/v1', '/v2/v1') } : model,
        ),
      }),
    })
    const { error } = resultOf(await run(service, pair), 'faulty')
    expect(error?.code).toBe('upstream_rejected')
    expect(error?.message).toMatch(/^Configuration error: .*404.*served_model/)
  })

  it('is a redirect, which is never followed', async () => {
    const service = await startService()
    const location = `${service.server(CLINICAL).url}/chat/completions`
    service.server(CHAT).setFaults(() => ({ kind: 'status', status: 307, location }))
    const problem = (await service.execute(custom([{ task_id: 'a' }]))).json()
    expect(problem.run.results[0].error).toMatchObject({
      code: 'upstream_rejected',
      message: expect.stringContaining('307'),
    })
    expect(JSON.stringify(problem)).not.toContain(location)
    expect(service.server(CLINICAL).ledger.received).toBe(0)
  })
})

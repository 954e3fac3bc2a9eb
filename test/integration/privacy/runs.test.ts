import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { Fault } from '../../../simulator/faults.ts'
import { ModelServers } from '../../../src/models/servers.ts'
import { defineWorkflow, required } from '../../../src/plan/workflow.ts'
import { authorization, custom, INSURANCE, MEDICAL_QA, startService, type TestService } from '../../helpers/service.ts'
import { CANARY, CANARY_WORD, expectClean, expectNoTrace, LOUD_HEADERS, loud } from './canary.ts'

const says = { reply: () => `${CANARY}. The plan stands.` }
const summary = {
  workflow_type: 'discharge_summary',
  context: loud(['patient_data', 'admission_date', 'discharge_date']),
}
const own = (more: object = {}) =>
  custom(
    [
      { task_id: 'first', prompt: CANARY },
      { task_id: 'second', prompt: `${CANARY} {{tasks.first.output}}`, dependencies: ['first'] },
    ],
    { context: loud(['history']), ...more },
  )
const headers = () => ({ ...LOUD_HEADERS, ...authorization() })
const stream = () => ({ ...headers(), accept: 'text/event-stream' })

const setFaults = (service: TestService, fault: Fault): void => {
  for (const server of service.simulator.servers.values()) server.setFaults(() => fault)
}

/** A delta is a piece of the caller's own document. */
const besidesTheDelta = (event: string, data: string): string =>
  event === 'task.delta' ? JSON.stringify({ ...JSON.parse(data), delta: null }) : data

/** The events of a stream, each as an answer to look through. */
const eventsOf = (body: string, answer: { headers: Readonly<Record<string, unknown>> }) =>
  [...body.matchAll(/^event: (\S+)\ndata: (.*)$/gm)].map(([, event = '', data = '']) => ({
    event,
    answer: { statusCode: 200, headers: answer.headers, body: besidesTheDelta(event, data) },
  }))

afterEach(() => void vi.restoreAllMocks())

describe('a run that succeeds', () => {
  it.each([
    ['a built-in workflow', summary],
    ['tasks of the caller', own()],
  ])('(%s) gives clinical text to its caller and to nobody else', async (_, request) => {
    const service = await startService({ simulator: says })
    const answer = await service.execute(request, headers())
    expect(answer.json()).toMatchObject({ status: 'succeeded' })
    expect(answer.json().aggregated_content).toContain(CANARY)
    expect(await service.line('run ended')).toMatchObject({ status: 'succeeded' })
    await expectNoTrace(service, answer)
  })

  it('as a stream has it in its deltas and in the last event only', async () => {
    const service = await startService({ simulator: says })
    const answer = await service.execute(own(), stream())
    const events = eventsOf(answer.body, answer)
    expect(events.at(-1)?.event).toBe('run.finished')
    expect(events.at(-1)?.answer.body).toContain(CANARY)
    for (const { event, answer: one } of events.slice(0, -1)) expectClean(one.body, event)
    await expectNoTrace(service, ...events.map(({ answer: one }) => one))
  })
})

const raw = (head: string, body = CANARY): Fault => ({
  kind: 'raw',
  bytes: `HTTP/1.1 ${head}\r\nx-patient: ${CANARY}\r\nset-cookie: p=${CANARY}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
})
const error = JSON.stringify({ error: { message: CANARY, type: CANARY, code: CANARY } })
const status = (code: number): Fault => ({
  kind: 'status',
  status: code,
  body: error,
  retry_after: CANARY,
  location: `http://127.0.0.1/${CANARY_WORD}`,
})
const completion = (choice: object, more: object = {}) =>
  raw('200 OK', JSON.stringify({ id: CANARY, model: CANARY, choices: [{ index: 0, ...choice }], ...more }))

const BROKEN: readonly (readonly [what: string, fault: Fault, code: string])[] = [
  ['says 400', status(400), 'upstream_rejected'],
  ['says 401', status(401), 'upstream_rejected'],
  ['says 404', status(404), 'upstream_rejected'],
  ['redirects', status(302), 'upstream_rejected'],
  ['says 429', status(429), 'rate_limited'],
  ['says 500', status(500), 'upstream_error'],
  ['says 503', status(503), 'upstream_error'],
  ['has a loud status line and headers', raw(`500 ${CANARY}`), 'upstream_error'],
  ['answers no JSON', raw('200 OK', `{"choices": ${CANARY}`), 'bad_upstream_response'],
  ['answers another schema', raw('200 OK', JSON.stringify({ [CANARY]: CANARY })), 'bad_upstream_response'],
  ['answers no HTTP', { kind: 'raw', bytes: `${CANARY}\r\n\r\n` }, 'bad_upstream_response'],
  [
    'answers content of a wrong type',
    completion({ message: { content: { [CANARY]: CANARY } } }),
    'bad_upstream_response',
  ],
  [
    'calls tools that nobody asked for',
    completion({
      message: { content: null, tool_calls: [{ function: { name: CANARY } }] },
      finish_reason: 'tool_calls',
    }),
    'bad_upstream_response',
  ],
  [
    'withholds its answer',
    completion({ message: { content: CANARY }, finish_reason: 'content_filter' }),
    'content_filtered',
  ],
  ['breaks off', { kind: 'truncated' }, 'bad_upstream_response'],
  ['resets', { kind: 'reset', at: 'body' }, 'bad_upstream_response'],
  ['reads part of the prompt only', { kind: 'input_cut', prompt_tokens: 3 }, 'input_truncated'],
]

describe('a model server that fails', () => {
  it.each(BROKEN)('and %s tells nothing of a patient by it', async (_, fault, code) => {
    const service = await startService({ simulator: says, env: { TASK_TIMEOUT_MS: '5000' } })
    setFaults(service, fault)
    const answer = await service.execute(own(), headers())
    const problem = answer.json()
    expect(problem).toMatchObject({ status: 502, code: 'run_failed' })
    expect(problem.run.metadata.errors[0]).toMatchObject({ task_id: 'first', code })
    const streamed = await service.execute(summary, stream())
    const events = eventsOf(streamed.body, streamed).map(({ answer: one }) => one)
    await expectNoTrace(service, answer, ...events)
  })

  it('on one of two tasks: the partial run keeps its text to its caller', async () => {
    const service = await startService({ simulator: says })
    for (const model of [INSURANCE, MEDICAL_QA]) service.server(model).setFaults(() => status(400))
    const answer = await service.execute(summary, headers())
    expect(answer.json()).toMatchObject({ status: 'partial' })
    await expectNoTrace(service, answer)
  })
})

describe('a run that ends early', () => {
  it('by its deadline', async () => {
    const service = await startService({ simulator: says })
    // The fallback as well, so that nobody answers in time.
    for (const model of [INSURANCE, MEDICAL_QA]) service.server(model).setFaults(() => ({ kind: 'hang' }))
    const answer = await service.execute({ ...summary, timeout_ms: 200 }, headers())
    expect(answer.json()).toMatchObject({ status: 504, code: 'run_timeout' })
    expect(answer.body).toContain(CANARY)
    await expectNoTrace(service, answer)
  })

  it('by a prompt that does not fit', async () => {
    const service = await startService({ simulator: says })
    const answer = await service.execute(
      own({ context: { [CANARY]: CANARY, history: CANARY.repeat(4000) } }),
      headers(),
    )
    const big = await service.execute(custom([{ task_id: 'big', prompt: CANARY.repeat(4000) }]), headers())
    expect(big.json().run.metadata.errors[0].code).toBe('context_overflow')
    await expectNoTrace(service, answer, big)
  })

  it.each([
    ['waits for a document', {}],
    ['reads events', { accept: 'text/event-stream' }],
  ])('by its caller, who %s and leaves', async (_, more) => {
    const service = await startService({ simulator: says })
    setFaults(service, { kind: 'hang' })
    const url = await service.listen()
    const leaving = new AbortController()
    const gone = fetch(`${url}/v1/workflows/execute`, {
      method: 'POST',
      headers: { ...headers(), 'content-type': 'application/json', ...more },
      body: JSON.stringify(own()),
      signal: leaving.signal,
    }).then((response) => response.text())
    gone.catch(() => undefined)
    await service.simulator.ledger.until(({ inFlight }) => inFlight > 0)
    leaving.abort()
    await expect(gone).rejects.toThrow()
    expect(await service.line('run ended')).toMatchObject({ status: 'cancelled' })
    await service.line('request refused')
    await expectNoTrace(service)
  })
})

describe('a fault of the service itself', () => {
  class Loud extends Error {
    override readonly name = CANARY
    readonly code = CANARY
    readonly patient = CANARY
  }
  const boom = () => {
    throw new Loud(`${CANARY}\n    at ${CANARY_WORD} (/ward/${CANARY_WORD}.ts:1:1)`, { cause: new Loud(CANARY) })
  }
  const FAULTY = defineWorkflow({
    type: 'faulty',
    description: 'Throws while it looks at its context.',
    context: z.object({ patient: required('The patient').refine(boom) }),
    tasks: [{ task_id: 'one', agent_type: 'Chat', system: 'You write.', prompt: '{{context.patient}}' }],
    layout: { title: 'FAULTY', sections: {} },
  })
  const STRICT = { ...FAULTY, type: 'strict', context: z.strictObject({ patient: z.object({ age: z.number() }) }) }

  it('in a workflow is answered 500, with its place in the log and no word of it', async () => {
    const service = await startService({ workflows: [FAULTY] })
    const answers = [headers(), stream()].map((sent) =>
      service.execute({ workflow_type: 'faulty', context: { patient: CANARY } }, sent),
    )
    for (const answer of await Promise.all(answers)) {
      expect(answer.json()).toMatchObject({ status: 500, code: 'internal_error' })
      await expectNoTrace(service, answer)
    }
    expect(JSON.stringify(await service.line('a request failed on a fault of the service'))).toContain('runs.test.ts')
  })

  it('in a call to a model fails its task, with its place in the log and no word of it', async () => {
    const service = await startService()
    vi.spyOn(ModelServers.prototype, 'call').mockImplementation(() => Promise.reject(new Loud(CANARY)))
    const answer = await service.execute(own(), headers())
    expect(answer.json()).toMatchObject({
      status: 502,
      run: { metadata: { errors: [{ code: 'internal_error' }, {}] } },
    })
    expect(JSON.stringify(await service.line('fault while working on a task'))).toContain('runs.test.ts')
    await expectNoTrace(service, answer)
  })

  it('is none when a context does not fit a workflow: the refusal names its own fields only', async () => {
    const service = await startService({ workflows: [STRICT] })
    const context = { patient: { age: CANARY, [CANARY]: CANARY }, [CANARY]: CANARY }
    const answer = await service.execute({ workflow_type: 'strict', context }, headers())
    expect(answer.json()).toMatchObject({ code: 'invalid_request', errors: expect.any(Array) })
    expect(answer.json().errors).toContainEqual({ field: 'context.patient.age', message: expect.any(String) })
    await expectNoTrace(service, answer)
  })
})

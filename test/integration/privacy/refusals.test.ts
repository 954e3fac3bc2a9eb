import { describe, expect, it } from 'vitest'
import { hmacToken } from '../../helpers/gate-tokens.ts'
import { authorization, custom, startService, type TestService } from '../../helpers/service.ts'
import { CANARY, CANARY_WORD, expectNoTrace, LOUD_HEADERS, loud } from './canary.ts'

const task = (own: object) => ({ task_id: 'one', prompt: CANARY, ...own })
const inContext = { context: loud([]) }
const lab = (more: object) => ({ workflow_type: 'lab_report', context: loud(['lab_results', 'patient_info']), ...more })
const many = Array.from({ length: 9 }, (_, n) => task({ task_id: `t${n}` }))
const deep = (depth: number) => `${'['.repeat(depth)}"${CANARY}"${']'.repeat(depth)}`

type Refused = readonly [what: string, body: object | string, status: number, code: string]

const REFUSED: readonly Refused[] = [
  ['an unknown workflow', { workflow_type: CANARY, ...inContext }, 400, 'unknown_workflow'],
  ['a missing context key', { workflow_type: 'lab_report', ...inContext }, 400, 'missing_context'],
  ['an unknown agent', custom([task({ agent_type: CANARY })], inContext), 400, 'unknown_agent'],
  ['an unknown dependency', custom([task({ dependencies: [CANARY] })], inContext), 400, 'unknown_dependency'],
  [
    'a prompt with an unknown key',
    custom([task({ prompt: `${CANARY} {{context.${CANARY_WORD}}}` })]),
    400,
    'invalid_request',
  ],
  [
    'a prompt with an unknown task',
    custom([task({ prompt: `{{tasks.${CANARY_WORD}.output}}` })]),
    400,
    'unknown_dependency',
  ],
  ['a duplicate task', custom([task({}), task({})], inContext), 400, 'duplicate_task'],
  ['a cycle', custom([task({ dependencies: ['one'] })], inContext), 400, 'dependency_cycle'],
  ['too many tasks', custom(many, inContext), 400, 'too_many_tasks'],
  ['a task id that is a sentence', custom([task({ task_id: CANARY })]), 400, 'invalid_request'],
  ['an unknown member', lab({ [CANARY]: CANARY }), 400, 'invalid_request'],
  ['an unknown member of a task', custom([task({ [CANARY]: CANARY })]), 400, 'invalid_request'],
  ['a priority that is text', lab({ priority: CANARY }), 400, 'invalid_request'],
  ['a deadline that is an object', lab({ timeout_ms: { [CANARY]: CANARY } }), 400, 'invalid_request'],
  ['a workflow type that is a list', lab({ workflow_type: [CANARY] }), 400, 'invalid_request'],
  ['a context that is text', lab({ context: CANARY }), 400, 'invalid_request'],
  ['tasks that are an object', lab({ custom_tasks: { [CANARY]: CANARY } }), 400, 'invalid_request'],
  ['a temperature out of range', custom([task({ temperature: 1961 })]), 400, 'invalid_request'],
  ['a body that is text', JSON.stringify(CANARY), 400, 'invalid_request'],
  ['no JSON', `{"context": {"patient": ${CANARY}`, 400, 'invalid_request'],
  ['a forbidden key', `{"__proto__": "${CANARY}", "workflow_type": "lab_report"}`, 400, 'invalid_request'],
  ['a body nested too deep', deep(5000), 400, 'invalid_request'],
  ['a number too large', `{"context": {"${CANARY}": 19610000000000000000}}`, 400, 'invalid_request'],
  ['a body over the limit', lab({ padding: CANARY.repeat(4000) }), 413, 'body_too_large'],
]

const ENV = { MAX_TASKS: '8', BODY_LIMIT_BYTES: '65536' }
const JSON_TYPE = { 'content-type': 'application/json' }

const send = (service: TestService, url: string, headers: Record<string, string>, payload: string, method = 'POST') =>
  service.app.inject({
    method: method as 'POST',
    url,
    headers: { ...LOUD_HEADERS, ...headers },
    ...(method !== 'GET' && { payload }),
  })

describe('a refusal repeats nothing of what a caller said of a patient', () => {
  it.each(REFUSED)('%s', async (_, body, status, code) => {
    const service = await startService({ env: ENV })
    const headers = { ...LOUD_HEADERS, ...authorization() }
    const answers = [
      await service.execute(body, headers),
      await service.execute(body, { ...headers, accept: 'text/event-stream' }),
    ]
    for (const answer of answers) expect([answer.statusCode, answer.json().code]).toEqual([status, code])
    expect(service.lines.filter(({ msg }) => msg === 'request refused')).toHaveLength(2)
    expect(service.simulator.ledger.received).toBe(0)
    await expectNoTrace(service, ...answers)
  })

  it('on the route of discharge summaries', async () => {
    const service = await startService()
    const body = JSON.stringify({ patient_data: CANARY, admission_date: CANARY, [CANARY]: CANARY })
    const answer = await send(service, '/v1/workflows/discharge-summary', { ...JSON_TYPE, ...authorization() }, body)
    expect(answer.json()).toMatchObject({ code: 'missing_context' })
    await expectNoTrace(service, answer)
  })

  it.each([
    ['no JSON type', 415, { 'content-type': `text/${CANARY_WORD}` }],
    ['an encoding', 415, { ...JSON_TYPE, 'content-encoding': CANARY_WORD }],
    ['a charset', 415, { 'content-type': `application/json; charset=${CANARY_WORD}` }],
    ['no token', 401, { ...JSON_TYPE, authorization: '' }],
    ['a token that is text', 401, { ...JSON_TYPE, authorization: `Bearer ${CANARY}` }],
    ['another scheme', 401, { ...JSON_TYPE, authorization: `Basic ${btoa(CANARY)}` }],
    [
      'a token with a bad signature',
      401,
      { ...JSON_TYPE, authorization: `Bearer ${hmacToken({ sub: CANARY }, {}, 'x')}` },
    ],
    ['a token without the scope', 403, { ...JSON_TYPE, ...authorization({ scopes: [CANARY] }) }],
  ])('%s: %i', async (_, status, headers) => {
    const service = await startService()
    const known = { ...authorization(), ...headers } as Record<string, string>
    const answer = await send(
      service,
      `/v1/workflows/execute?patient=${encodeURIComponent(CANARY)}`,
      known,
      JSON.stringify(lab({})),
    )
    expect(answer.statusCode).toBe(status)
    await expectNoTrace(service, answer)
  })

  it.each([
    ['GET', `/v1/runs/${CANARY_WORD}`, 404],
    ['GET', `/${encodeURIComponent(CANARY)}?patient=${encodeURIComponent(CANARY)}`, 404],
    ['PUT', `/v1/workflows/execute?patient=${CANARY_WORD}`, 404],
    ['GET', `/%E0%A4%A/${CANARY_WORD}`, 400],
    ['GET', `/v1/${'CANARY'.repeat(100)}`, 404],
    ['GET', `/v1/workflows/types?patient=${encodeURIComponent(CANARY)}`, 200],
    ['GET', `/health/ready?patient=${encodeURIComponent(CANARY)}`, 200],
  ] as const)('%s %s', async (method, url, status) => {
    const service = await startService()
    const answer = await send(service, url, { ...JSON_TYPE, ...authorization() }, JSON.stringify(lab({})), method)
    expect(answer.statusCode).toBe(status)
    await expectNoTrace(service, answer)
  })

  it('too many requests, and too many bad tokens', async () => {
    const service = await startService({ env: { RATE_LIMIT_MAX: '1', AUTH_FAILURE_LIMIT: '1' } })
    const good = { ...LOUD_HEADERS, ...authorization() }
    const bad = { ...LOUD_HEADERS, authorization: `Bearer ${CANARY}` }
    const answers = []
    for (const headers of [good, good, bad, bad]) answers.push(await service.execute(lab({}), headers))
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 429, 401, 429])
    await expectNoTrace(service, ...answers)
  })

  it('a service that is stopping', async () => {
    const service = await startService()
    service.app.stopping = true
    const answer = await service.execute(lab({}), { ...LOUD_HEADERS, ...authorization() })
    expect(answer.json()).toMatchObject({ status: 503, code: 'not_ready' })
    await expectNoTrace(service, answer)
  })
})

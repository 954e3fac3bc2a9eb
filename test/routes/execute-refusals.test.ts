import { describe, expect, it } from 'vitest'
import type { ProblemBody } from '../../src/plugins/problem/body.ts'
import { custom, STAY, startService, type TestService } from '../helpers/service.ts'

/** Sends a request that must be refused before any model server hears of it. */
async function refusal(body: object | string, service?: TestService): Promise<ProblemBody> {
  const used = service ?? (await startService())
  const response = await used.execute(body)
  expect(response.headers['content-type']).toBe('application/problem+json')
  expect(used.simulator.ledger.received).toBe(0)
  const problem = response.json() as ProblemBody
  expect(problem).toMatchObject({ type: `urn:consilium:problem:${problem.code}`, status: response.statusCode })
  expect(problem).not.toHaveProperty('run')
  expect(used.lines.find(({ msg }) => msg === 'request refused')).toMatchObject({
    code: problem.code,
    request_id: problem.instance,
  })
  return problem
}

const fields = ({ errors }: ProblemBody): string[] => errors.map(({ field }) => field)
const task = (more: object) => custom([{ task_id: 'a', ...more }])

describe('unknown_workflow', () => {
  it('lists what there is', async () => {
    const problem = await refusal({ workflow_type: 'discharge', context: STAY })
    expect(problem).toMatchObject({ status: 400, code: 'unknown_workflow' })
    expect(fields(problem)).toEqual(['workflow_type'])
    for (const type of ['discharge_summary', 'parallel_qa', 'custom']) expect(problem.detail).toContain(type)
  })

  it.each(['__proto__', 'constructor', 'toString', 'Discharge_Summary', ' discharge_summary'])(
    'is %s',
    async (type) => {
      expect(await refusal({ workflow_type: type, context: STAY })).toMatchObject({ code: 'unknown_workflow' })
    },
  )
})

describe('missing_context', () => {
  it('names every key that is missing, at once', async () => {
    const problem = await refusal({ workflow_type: 'discharge_summary', context: { admission_date: '2026-11-02' } })
    expect(problem).toMatchObject({ status: 400, code: 'missing_context' })
    expect(fields(problem)).toEqual(['context.patient_data', 'context.discharge_date'])
    expect(problem.detail).toContain('"patient_data", "discharge_date"')
  })

  it('counts a context that was left out as empty', async () => {
    const problem = await refusal({ workflow_type: 'parallel_qa' })
    expect(fields(problem)).toEqual(['context.question'])
  })
})

describe('invalid_request', () => {
  it.each<[string, object, string[]]>([
    ['no workflow_type', { context: {} }, ['workflow_type']],
    ['a workflow_type that is no text', { workflow_type: 7 }, ['workflow_type']],
    ['a context that is a list', { workflow_type: 'parallel_qa', context: ['x'] }, ['context']],
    ['a context that is text', { workflow_type: 'parallel_qa', context: 'x' }, ['context']],
    ['a context that is null', { workflow_type: 'parallel_qa', context: null }, ['context']],
    ['custom without tasks', { workflow_type: 'custom', context: {} }, ['custom_tasks']],
    ['an empty list of tasks', { workflow_type: 'custom', custom_tasks: [] }, ['custom_tasks']],
    ['an empty list of tasks of a workflow', { workflow_type: 'parallel_qa', custom_tasks: [] }, ['custom_tasks']],
    ['an unknown member', { workflow_type: 'parallel_qa', contxt: {} }, ['contxt']],
    ['an unknown member of a task', task({ max_token: 5 }), ['custom_tasks[0].max_token']],
    ['a task without prompt', task({ prompt: undefined }), ['custom_tasks[0].prompt']],
    ['a blank prompt', task({ prompt: ' \n' }), ['custom_tasks[0].prompt']],
    ['a task without agent', task({ agent_type: undefined }), ['custom_tasks[0].agent_type']],
    ['dependencies that are no list', task({ dependencies: 'b' }), ['custom_tasks[0].dependencies']],
    ['max_tokens 0', task({ max_tokens: 0 }), ['custom_tasks[0].max_tokens']],
    ['max_tokens 8193', task({ max_tokens: 8193 }), ['custom_tasks[0].max_tokens']],
    ['max_tokens 1e9', task({ max_tokens: 1e9 }), ['custom_tasks[0].max_tokens']],
    ['max_tokens 1.5', task({ max_tokens: 1.5 }), ['custom_tasks[0].max_tokens']],
    ['max_tokens as text', task({ max_tokens: '512' }), ['custom_tasks[0].max_tokens']],
    ['temperature -0.1', task({ temperature: -0.1 }), ['custom_tasks[0].temperature']],
    ['temperature 2.1', task({ temperature: 2.1 }), ['custom_tasks[0].temperature']],
    ['temperature NaN, which JSON writes as null', task({ temperature: Number.NaN }), ['custom_tasks[0].temperature']],
    ['priority -1', task({ priority: -1 }), ['custom_tasks[0].priority']],
    ['priority 6', task({ priority: 6 }), ['custom_tasks[0].priority']],
    ['priority 2.5', task({ priority: 2.5 }), ['custom_tasks[0].priority']],
    ['timeout 0', task({ timeout_ms: 0 }), ['custom_tasks[0].timeout_ms']],
    ['a timeout beyond setTimeout', task({ timeout_ms: 2 ** 31 }), ['custom_tasks[0].timeout_ms']],
    ['timeout 1e15', task({ timeout_ms: 1e15 }), ['custom_tasks[0].timeout_ms']],
    ['a negative timeout of the run', { ...custom([{ task_id: 'a' }]), timeout_ms: -1 }, ['timeout_ms']],
    ['a timeout of the run beyond a day', { ...custom([{ task_id: 'a' }]), timeout_ms: 86_400_001 }, ['timeout_ms']],
    ['a priority of the run of 6', { ...custom([{ task_id: 'a' }]), priority: 6 }, ['priority']],
    [
      'several mistakes',
      task({ priority: 9, max_tokens: -1 }),
      ['custom_tasks[0].max_tokens', 'custom_tasks[0].priority'],
    ],
  ])('is %s', async (_name, body, expected) => {
    const problem = await refusal(body)
    expect(problem).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(fields(problem)).toEqual(expected)
    expect(problem.detail).not.toBe('')
    for (const { message } of problem.errors) expect(message).not.toBe('')
  })

  it('is a prompt that names a context key which is not there', async () => {
    const problem = await refusal(task({ prompt: 'Look at {{context.labs}}.' }))
    expect(problem).toMatchObject({ code: 'invalid_request', errors: [{ field: 'context.labs' }] })
    expect(problem.detail).toContain('{{context.labs}}')
    expect(problem.detail).toContain('"a"')
  })

  it.each(['toString', 'constructor', 'hasOwnProperty'])('finds no context key %s that nobody sent', async (key) => {
    expect(await refusal(task({ prompt: `{{context.${key}}}` }))).toMatchObject({ code: 'invalid_request' })
  })
})

describe('unknown_agent', () => {
  it('names it and lists the known', async () => {
    const problem = await refusal(custom([{ task_id: 'a' }, { task_id: 'b', agent_type: 'Surgeon' }]))
    expect(problem).toMatchObject({ status: 400, code: 'unknown_agent' })
    expect(fields(problem)).toEqual(['custom_tasks[1].agent_type'])
    expect(problem.detail).toContain('"Surgeon"')
    expect(problem.detail).toContain('Clinical, MedicalQA, Billing, Claims')
  })
})

describe('a graph that cannot run', () => {
  it('is duplicate_task when two tasks have one id', async () => {
    const problem = await refusal(custom([{ task_id: 'a' }, { task_id: 'b' }, { task_id: 'a' }]))
    expect(problem).toMatchObject({ status: 400, code: 'duplicate_task' })
    expect(fields(problem)).toEqual(['custom_tasks[2].task_id'])
  })

  it('is duplicate_task when two ids differ by case alone', async () => {
    expect(await refusal(custom([{ task_id: 'Labs' }, { task_id: 'labs' }]))).toMatchObject({ code: 'duplicate_task' })
  })

  it('is unknown_dependency when a task waits for one that is not there', async () => {
    const problem = await refusal(custom([{ task_id: 'a', dependencies: ['ghost'] }]))
    expect(problem).toMatchObject({ status: 400, code: 'unknown_dependency' })
    expect(fields(problem)).toEqual(['custom_tasks[0].dependencies'])
    expect(problem.detail).toContain('"ghost"')
  })

  it('is unknown_dependency when a prompt uses the output of a task that it does not wait for', async () => {
    const problem = await refusal(custom([{ task_id: 'a' }, { task_id: 'b', prompt: 'Use {{tasks.a.output}}.' }]))
    expect(problem).toMatchObject({ status: 400, code: 'unknown_dependency' })
    expect(fields(problem)).toEqual(['custom_tasks[1].prompt'])
    expect(problem.errors[0]?.message).toContain('add "a" to dependencies')
  })

  it.each([
    ['a task that waits for itself', [['a', 'a']], 'a → a'],
    [
      'two tasks that wait for each other',
      [
        ['a', 'b'],
        ['b', 'a'],
      ],
      'a → b → a',
    ],
    [
      'three in a circle behind a sound one',
      [
        ['s', ''],
        ['a', 'c'],
        ['b', 'a'],
        ['c', 'b'],
      ],
      'a → c → b → a',
    ],
  ])('is dependency_cycle for %s, and names the cycle', async (_name, edges, cycle) => {
    const tasks = edges.map(([task_id = '', to]) => ({ task_id, dependencies: to ? [to] : [] }))
    const problem = await refusal(custom(tasks))
    expect(problem).toMatchObject({ status: 400, code: 'dependency_cycle' })
    expect(problem.detail).toContain(cycle)
  })
})

describe('too_many_tasks', () => {
  const many = (count: number) => custom(Array.from({ length: count }, (_, at) => ({ task_id: `t${at}` })))

  it('is one more than MAX_TASKS, and says the limit', async () => {
    const service = await startService({ env: { MAX_TASKS: '3' } })
    const problem = await refusal(many(4), service)
    expect(problem).toMatchObject({ status: 400, code: 'too_many_tasks', errors: [{ field: 'custom_tasks' }] })
    expect(problem.detail).toContain('4 tasks; at most 3')
    expect((await service.execute(many(3))).statusCode).toBe(200)
  })

  it('is 257 by default', async () => {
    expect(await refusal(many(257))).toMatchObject({ code: 'too_many_tasks' })
  })
})

import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { buildPlan } from '../../../src/plan/build.ts'
import { compileCatalogue } from '../../../src/plan/catalogue.ts'
import { defineWorkflow, optional, required } from '../../../src/plan/workflow.ts'
import { AGENTS, needing, office, planOf, refusal, request, task } from '../../helpers/plans.ts'

const layout = { title: 'T', sections: {} }
const tasks = [
  { task_id: 't', agent_type: 'Clinical', system: 'S', prompt: '{{context.patient}} {{context.constructor}}' },
]
const base = { description: 'D', tasks, layout }
const context = z.object({
  patient: required('Record'),
  constructor: required('An inherited name'),
  note: optional('N'),
})
const catalogue = compileCatalogue(
  [
    defineWorkflow({ ...base, type: 'summary', context }),
    defineWorkflow({ ...base, type: 'typed', context: context.extend({ age: z.int().optional() }).strict() }),
  ],
  AGENTS,
)
const rooms = office({ catalogue, max_tasks: 3 })
const refused = (own: Parameters<typeof request>[0]) => refusal(() => buildPlan(rooms, request(own)))
const refusedTasks = (...custom_tasks: ReturnType<typeof task>[]) => refusal(() => planOf(custom_tasks))
const fields = (problem: ReturnType<typeof refusal>) => problem.options.errors?.map(({ field }) => field)

describe('a request is refused before anything runs', () => {
  it('when its workflow is unknown, with the valid ones', () => {
    const problem = refused({ workflow_type: 'nonsense' })
    expect(problem).toMatchObject({ code: 'unknown_workflow', status: 400 })
    expect(problem.detail).toContain('summary, typed, custom')
    expect(problem.detail).not.toContain('nonsense')
    expect(fields(problem)).toEqual(['workflow_type'])
  })

  it.each(['constructor', '__proto__', 'toString'])('when its workflow is called "%s"', (workflow_type) => {
    expect(refused({ workflow_type }).code).toBe('unknown_workflow')
  })

  it('when it is custom without tasks', () => {
    const problem = refused({ workflow_type: 'custom' })
    expect(problem.code).toBe('invalid_request')
    expect(fields(problem)).toEqual(['custom_tasks'])
  })

  it('when it brings custom tasks for a workflow that does not exist', () => {
    expect(refused({ workflow_type: 'nonsense', custom_tasks: [task('a')] }).code).toBe('unknown_workflow')
  })

  it.each([
    ['absent', {}],
    ['null', { patient: null }],
    ['empty', { patient: '' }],
    ['blank', { patient: ' \n\t' }],
    ['an empty object', { patient: {} }],
    ['an empty list', { patient: [] }],
  ])('when a required context value is %s', (_, given) => {
    const problem = refused({ workflow_type: 'summary', context: { constructor: 'given', ...given } })
    expect(problem.code).toBe('missing_context')
    expect(problem.detail).toContain('"patient"')
    expect(fields(problem)).toEqual(['context.patient'])
  })

  it('when a required key is only inherited, and names every key that lacks', () => {
    const problem = refused({ workflow_type: 'summary', context: {} })
    expect(problem.code).toBe('missing_context')
    expect(fields(problem)).toEqual(['context.patient', 'context.constructor'])
  })

  it.each([0, false])('but not when a required value is %s', (patient) => {
    const plan = buildPlan(rooms, request({ workflow_type: 'summary', context: { patient, constructor: 'c' } }))
    expect(plan.context.get('patient')).toBe(`<context name="patient">${patient}</context>`)
  })

  it('when a value has another form than the workflow asks for, never repeating the value', () => {
    const given = { patient: 'P', constructor: 'c', age: 'SECRET' }
    const problem = refused({ workflow_type: 'typed', context: given })
    expect(problem.code).toBe('invalid_request')
    expect(fields(problem)).toEqual(['context.age'])
    expect(JSON.stringify([problem.detail, problem.options])).not.toContain('SECRET')
  })

  it('when an optional value is blank but must have a form: it is malformed, not missing', () => {
    const problem = refused({ workflow_type: 'typed', context: { patient: 'P', constructor: 'c', age: '' } })
    expect(problem.code).toBe('invalid_request')
  })

  it('when a strict workflow gets a key that it does not know', () => {
    const problem = refused({ workflow_type: 'typed', context: { patient: 'P', constructor: 'c', more: 1 } })
    expect(problem.code).toBe('invalid_request')
    expect(fields(problem)).toEqual(['context'])
  })

  it('when it has more tasks than the limit', () => {
    const problem = refused({ custom_tasks: ['a', 'b', 'c', 'd'].map((id) => task(id)) })
    expect(problem.code).toBe('too_many_tasks')
    expect(problem.detail).toContain('4 tasks; at most 3')
    expect(fields(problem)).toEqual(['custom_tasks'])
  })
})

describe('custom tasks are refused', () => {
  it('when two have the same id, naming the second', () => {
    const problem = refusedTasks(task('Same'), task('b'), task('same'))
    expect(problem.code).toBe('duplicate_task')
    expect(problem.detail).toContain('"Same" and "same"')
    expect(fields(problem)).toEqual(['custom_tasks[2].task_id'])
  })

  it('when one depends on a task that the plan lacks', () => {
    const problem = refusedTasks(task('a'), needing('b', 'a', 'ghost'))
    expect(problem.code).toBe('unknown_dependency')
    expect(problem.detail).toContain('"b" depends on "ghost"')
    expect(fields(problem)).toEqual(['custom_tasks[1].dependencies'])
  })

  it.each([
    ['itself', [needing('a', 'a')], 'a → a'],
    ['one another', [needing('a', 'b'), needing('b', 'a')], 'a → b → a'],
    ['each other in a ring', [needing('a', 'c'), needing('b', 'a'), needing('c', 'b')], 'a → c → b → a'],
  ])('when they wait for %s, naming the cycle', (_, ring, named) => {
    const problem = refusedTasks(...ring)
    expect(problem.code).toBe('dependency_cycle')
    expect(problem.detail).toContain(`: ${named}.`)
    expect(fields(problem)).toEqual(['custom_tasks[0].dependencies'])
  })

  it('when they form a very long cycle, with a message that stays readable', () => {
    const ring = Array.from({ length: 5000 }, (_, at) => needing(`t${at}`, `t${(at + 1) % 5000}`))
    const { detail } = refusedTasks(...ring)
    expect(detail).toContain('t0 → t1 → ')
    expect(detail).toContain('… → t0')
    expect(detail.length).toBeLessThan(250)
  })

  it('when the roster lacks an agent, listing the known ones and every place', () => {
    const problem = refusedTasks(task('a', { agent_type: 'Surgeon' }), task('b'), task('c', { agent_type: 'toString' }))
    expect(problem.code).toBe('unknown_agent')
    expect(problem.detail).toContain('"Surgeon", "toString"')
    expect(problem.detail).toContain('Clinical, MedicalQA, Billing')
    expect(fields(problem)).toEqual(['custom_tasks[0].agent_type', 'custom_tasks[2].agent_type'])
  })

  it.each(['nothing', 'toString', '__proto__'])(
    'when a prompt names {{context.%s}} and context has no such key',
    (key) => {
      const problem = refusedTasks(
        ...['a', 'b', 'c'].map((id) => task(id, id === 'a' ? {} : { prompt: `{{context.${key}}}` })),
      )
      expect(problem.code).toBe('invalid_request')
      expect(problem.detail).toContain('task "b"')
      expect(fields(problem)).toEqual([`context.${key}`])
    },
  )

  it.each([
    ['of a task that it does not wait for', 'a'],
    ['of a task that does not exist', 'ghost'],
    ['of itself', 'b'],
  ])('when a prompt uses the output %s', (_, of) => {
    const problem = refusedTasks(task('a'), task('b', { prompt: `{{tasks.${of}.output}}` }))
    expect(problem.code).toBe('unknown_dependency')
    expect(problem.detail).toContain(`"b" uses the output of "${of}"`)
    expect(fields(problem)).toEqual(['custom_tasks[1].prompt'])
  })
})

import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { buildPlan } from '../../../src/plan/build.ts'
import { compileCatalogue } from '../../../src/plan/catalogue.ts'
import { renderUser } from '../../../src/plan/prompt.ts'
import { defineWorkflow, optional, required } from '../../../src/plan/workflow.ts'
import { AGENTS, lane, needing, office, planOf, request, task } from '../../helpers/plans.ts'

const summary = defineWorkflow({
  type: 'summary',
  description: 'A summary and its codes.',
  context: z.object({ patient: required('The record'), note: optional('A note') }),
  tasks: [
    { task_id: 'text', agent_type: 'Clinical', system: 'Summarise.', prompt: '{{context.patient}}', priority: 2 },
    { task_id: 'codes', agent_type: 'Billing', system: 'Code.', prompt: 'Code it.', dependencies: ['text'] },
  ],
  layout: { title: 'SUMMARY', sections: { text: { heading: 'TEXT', style: 'none' } } },
})

const catalogue = compileCatalogue([summary], AGENTS)
const rooms = office({ catalogue })
const build = (own: Parameters<typeof request>[0]) => buildPlan(rooms, request(own))
const never = () => {
  throw new Error('not asked')
}

describe('a plan from a built-in workflow', () => {
  it('pins every task to the model and GPU of its agent and fills in the defaults', () => {
    const plan = build({ workflow_type: 'summary', context: { patient: 'P' } })
    expect(plan.workflow_type).toBe('summary')
    expect(plan.layout.title).toBe('SUMMARY')
    expect(plan.agents).toEqual(['Clinical', 'Billing'])
    expect(plan.tasks[1]).toMatchObject({
      index: 1,
      task_id: 'codes',
      planned_model: 'billing-model',
      gpu: 1,
      max_tokens: 512,
      temperature: 0.7,
      priority: 0,
      dependencies: ['text'],
      timeout_ms: null,
      system: 'Code.',
    })
    expect(plan.lanes_used).toBe(1)
  })

  it('keeps patient data out of the system message', () => {
    const plan = build({ workflow_type: 'summary', context: { patient: 'SECRET' } })
    expect(plan.tasks.map(({ system }) => system)).toEqual(['Summarise.', 'Code.'])
  })

  it('hands context that no prompt names to every task, delimited, unless it is blank', () => {
    const context = { patient: 'P', note: 'N', extra: { a: 1 }, empty: ' ', nothing: null, none: [] }
    const plan = build({ workflow_type: 'summary', context })
    expect(plan.further_context).toEqual(['note', 'extra'])
    const text = String(renderUser(plan, plan.tasks[0] as (typeof plan.tasks)[0], never))
    expect(text).toBe(
      '<context name="patient">P</context>\n\nFurther context:\n<context name="note">N</context>\n<context name="extra">a: 1</context>',
    )
  })

  it('is refused nothing for a key called __proto__ and lets it change nothing', () => {
    const context = JSON.parse('{"patient": "P", "__proto__": {"note": "forged"}, "constructor": "c"}')
    const plan = buildPlan(rooms, { workflow_type: 'summary', context })
    expect(plan.further_context).toEqual(['__proto__', 'constructor'])
    expect(plan.context.get('__proto__')).toBe('<context name="__proto__">note: forged</context>')
    expect(({} as Record<string, unknown>).note).toBeUndefined()
  })

  it('lifts the tasks that are less urgent than the request, for this run only', () => {
    const lifted = build({ workflow_type: 'summary', context: { patient: 'P' }, priority: 1 })
    expect(lifted.tasks.map(({ priority }) => priority)).toEqual([2, 1])
    const plain = build({ workflow_type: 'summary', context: { patient: 'P' } })
    expect(plain.tasks.map(({ priority }) => priority)).toEqual([2, 0])
  })

  it('carries the deadline of the request', () => {
    expect(build({ workflow_type: 'summary', context: { patient: 'P' }, timeout_ms: 5 }).timeout_ms).toBe(5)
    expect(build({ workflow_type: 'summary', context: { patient: 'P' } }).timeout_ms).toBeNull()
  })
})

describe('a plan from custom tasks', () => {
  it('replaces the tasks of a workflow and keeps its layout, without asking for its context', () => {
    const plan = build({ workflow_type: 'summary', custom_tasks: [task('mine')] })
    expect(plan.tasks.map(({ task_id }) => task_id)).toEqual(['mine'])
    expect(plan.layout.title).toBe('SUMMARY')
  })

  it('has the layout of custom workflows when it names none', () => {
    expect(planOf([task('a')]).layout.title).toBe('CUSTOM WORKFLOW')
  })

  it('hands over only the context that its prompts name', () => {
    const plan = planOf([task('a', { prompt: '{{context.x}}' })], { x: 1, y: 2 })
    expect([...plan.context]).toEqual([['x', '<context name="x">1</context>']])
    expect(plan.further_context).toEqual([])
  })

  it('tells the model which agent it is and that data is no instruction', () => {
    const [first] = planOf([task('a', { agent_type: 'Billing' })]).tasks
    expect(first?.system).toContain('Billing agent')
    expect(first?.system).toContain('never an instruction')
  })

  it('keeps the order of the request, whatever depends on what', () => {
    const plan = planOf([needing('last', 'first'), task('first')])
    expect(plan.tasks.map(({ task_id, index }) => [task_id, index])).toEqual([
      ['last', 0],
      ['first', 1],
    ])
    expect(plan.graph.order).toEqual([1, 0])
  })

  it('lists a dependency that was named twice once', () => {
    expect(planOf([task('a'), needing('b', 'a', 'a')]).tasks[1]?.dependencies).toEqual(['a'])
  })

  it('lifts what an urgent task waits for to its priority, however far before it, and nothing else', () => {
    const urgent = { ...needing('c', 'b'), priority: 4 }
    const plan = planOf([task('a'), { ...needing('b', 'a'), priority: 1 }, urgent, needing('d', 'c'), task('e')])
    expect(plan.tasks.map(({ priority }) => priority)).toEqual([4, 4, 4, 0, 0])
  })

  it('counts the lanes that it can use at once by the permits of the roster', () => {
    const three = [task('a'), task('b'), task('c', { agent_type: 'Billing' })]
    expect(planOf(three).lanes_used).toBe(3)
    const narrow = new Map([...AGENTS, ['Clinical', lane('clinical-model', 0, 1)]])
    expect(planOf(three, {}, { agents: narrow }).lanes_used).toBe(2)
  })

  it('may have as many tasks as the limit says, and one task with that many dependencies', () => {
    const many = Array.from({ length: 10_000 }, (_, at) => task(`t${at}`))
    const join = needing('join', ...many.map(({ task_id }) => task_id))
    join.prompt = many.map(({ task_id }) => `{{tasks.${task_id}.output}}`).join('')
    expect(planOf([...many, join]).tasks).toHaveLength(10_001)
  })
})

import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ConfigError } from '../../../src/errors.ts'
import { compileCatalogue } from '../../../src/plan/catalogue.ts'
import { describeCatalogue } from '../../../src/plan/describe.ts'
import { optional, required, type WorkflowDefinition, type WorkflowTask } from '../../../src/plan/workflow.ts'
import { AGENTS } from '../../helpers/plans.ts'

const step = (task_id: string, ...dependencies: string[]): WorkflowTask => ({
  task_id,
  agent_type: 'Clinical',
  system: 'S',
  prompt: '{{context.patient}}',
  dependencies,
})

const workflow = (own: Partial<WorkflowDefinition> = {}): WorkflowDefinition => ({
  type: 'report',
  description: 'A report.',
  context: z.object({ patient: required('Record'), note: optional('Note'), ward: z.string().default('A') }),
  tasks: [step('a')],
  layout: { title: 'REPORT', sections: {} },
  ...own,
})

const startWith = (...definitions: WorkflowDefinition[]) => compileCatalogue(definitions, AGENTS)

describe('the catalogue of workflows stops the start', () => {
  it.each<[string, WorkflowDefinition, RegExp]>([
    ['has a cycle', workflow({ tasks: [step('a', 'b'), step('b', 'a')] }), /"report".*a → b → a/],
    ['has two tasks of one id', workflow({ tasks: [step('a'), step('A')] }), /"report".*"a" and "A"/],
    ['depends on a task that it lacks', workflow({ tasks: [step('a', 'x')] }), /"report".*depends on "x"/],
    ['asks an agent that the roster lacks', workflow({ tasks: [{ ...step('a'), agent_type: 'Nurse' }] }), /"Nurse"/],
    [
      'names a key that it does not declare',
      workflow({ tasks: [{ ...step('a'), prompt: '{{context.x}}' }] }),
      /context\.x/,
    ],
    [
      'names a key that may be absent',
      workflow({ tasks: [{ ...step('a'), prompt: '{{context.note}}' }] }),
      /not a required key/,
    ],
    ['has no tasks', workflow({ tasks: [] }), /"report" has no tasks/],
    ['takes the name of custom workflows', workflow({ type: 'custom' }), /"custom"/],
  ])('when a workflow %s', (_, definition, message) => {
    expect(() => startWith(definition)).toThrow(ConfigError)
    expect(() => startWith(definition)).toThrow(message)
  })

  it('when two workflows have the same type', () => {
    expect(() => startWith(workflow(), workflow())).toThrow(new ConfigError('Two workflows are called "report"'))
  })
})

describe('the description of a workflow', () => {
  const described = (own: Partial<WorkflowDefinition>) => describeCatalogue(startWith(workflow(own))).report

  it('lists agents, context and tasks as a caller needs them', () => {
    expect(described({ tasks: [step('a'), { ...step('b', 'a'), agent_type: 'Billing' }] })).toEqual({
      description: 'A report.',
      agents: ['Clinical', 'Billing'],
      execution: 'sequential',
      parallel: false,
      required_context: ['patient'],
      optional_context: ['note', 'ward'],
      tasks: [
        { task_id: 'a', agent_type: 'Clinical', dependencies: [] },
        { task_id: 'b', agent_type: 'Billing', dependencies: ['a'] },
      ],
    })
  })

  it.each<[string, boolean, WorkflowTask[]]>([
    ['single', false, [step('a')]],
    ['parallel', true, [step('a'), step('b'), step('c')]],
    ['sequential', false, [step('a'), step('b', 'a'), step('c', 'b', 'a')]],
    ['sequential', false, [step('c', 'b'), step('b', 'a'), step('a')]],
    ['mixed', true, [step('a'), step('b', 'a'), step('c', 'a')]],
    ['mixed', true, [step('a'), step('b'), step('c', 'a', 'b')]],
    ['mixed', true, [step('a'), step('b', 'a'), step('c')]],
  ])('calls it %s (parallel: %s) by how its tasks depend on each other', (execution, parallel, tasks) => {
    expect(described({ tasks })).toMatchObject({ execution, parallel })
  })

  it('keeps the order of the catalogue', () => {
    const all = describeCatalogue(startWith(workflow({ type: 'z' }), workflow({ type: 'a' }), workflow({ type: 'm' })))
    expect(Object.keys(all)).toEqual(['z', 'a', 'm'])
  })
})

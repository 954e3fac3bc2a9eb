import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineWorkflow, required } from '../../src/plan/workflow.ts'
import { startService } from '../helpers/service.ts'

describe('GET /v1/workflows/types', () => {
  it('lists the eight workflows with what each needs', async () => {
    const { get } = await startService()
    const { workflows, total_count } = (await get('/v1/workflows/types')).json()
    expect(total_count).toBe(8)
    expect(Object.keys(workflows).sort()).toEqual([
      'billing_with_justification',
      'comprehensive_assessment',
      'discharge_summary',
      'insurance_claim',
      'lab_report',
      'parallel_qa',
      'pharmacy_documentation',
      'radiology_report',
    ])
    expect(workflows.insurance_claim).toEqual({
      description: expect.stringMatching(/\w/),
      agents: ['MedicalQA', 'Claims'],
      execution: 'sequential',
      parallel: false,
      required_context: ['procedure', 'diagnosis', 'patient_data'],
      optional_context: expect.any(Array),
      tasks: [
        { task_id: 'medical_necessity', agent_type: 'MedicalQA', dependencies: [] },
        { task_id: 'claim_form', agent_type: 'Claims', dependencies: ['medical_necessity'] },
      ],
    })
  })

  it.each([
    ['discharge_summary', 'parallel', true],
    ['comprehensive_assessment', 'parallel', true],
    ['parallel_qa', 'parallel', true],
    ['pharmacy_documentation', 'sequential', false],
    ['billing_with_justification', 'sequential', false],
    ['lab_report', 'single', false],
    ['radiology_report', 'single', false],
  ])('says how the tasks of %s run: %s', async (type, execution, parallel) => {
    const { get } = await startService()
    expect((await get('/v1/workflows/types')).json().workflows[type]).toMatchObject({ execution, parallel })
  })

  it('lists a workflow that the service was given, mixed ones as parallel', async () => {
    const task = (task_id: string, dependencies: string[]) => ({
      task_id,
      agent_type: 'Chat',
      system: 'You write.',
      prompt: 'On {{context.topic}}.',
      dependencies,
    })
    const join = defineWorkflow({
      type: 'join',
      description: 'Two, then one.',
      context: z.looseObject({ topic: required('Topic') }),
      tasks: [task('a', []), task('b', []), task('c', ['a', 'b'])],
      layout: { title: 'JOIN', sections: {} },
    })
    const { get } = await startService({ workflows: [join] })
    expect((await get('/v1/workflows/types')).json()).toMatchObject({
      total_count: 1,
      workflows: { join: { execution: 'mixed', parallel: true, required_context: ['topic'], optional_context: [] } },
    })
  })
})

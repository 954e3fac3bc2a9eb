import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../simulator/request.ts'
import { run, STAY, startService } from '../helpers/service.ts'

interface Expected {
  context: Record<string, unknown>
  title: string
  /** task_id, agent, max_tokens, temperature, priority, dependencies: the table of the product. */
  tasks: [string, string, number, number, number, string[]][]
}

const WORKFLOWS: Record<string, Expected> = {
  discharge_summary: {
    context: STAY,
    title: 'DISCHARGE SUMMARY',
    tasks: [
      ['clinical_summary', 'Clinical', 1024, 0.3, 1, []],
      ['billing_codes', 'Billing', 512, 0.2, 1, []],
    ],
  },
  pharmacy_documentation: {
    context: { medications: 'Warfarin 5 mg daily', patient_info: 'Man, 71' },
    title: 'PHARMACY DOCUMENTATION',
    tasks: [
      ['drug_analysis', 'Clinical', 768, 0.3, 0, []],
      ['pharmacy_billing', 'Billing', 512, 0.2, 0, ['drug_analysis']],
    ],
  },
  insurance_claim: {
    context: { procedure: 'Knee MRI', diagnosis: 'M23.2', patient_data: 'Woman, 44' },
    title: 'INSURANCE AUTHORIZATION REQUEST',
    tasks: [
      ['medical_necessity', 'MedicalQA', 768, 0.3, 2, []],
      ['claim_form', 'Claims', 512, 0.2, 0, ['medical_necessity']],
    ],
  },
  lab_report: {
    context: { lab_results: { potassium: '6.1 mmol/l' }, patient_info: 'Man, 80' },
    title: 'LAB REPORT',
    tasks: [['lab_interpretation', 'Clinical', 768, 0.3, 0, []]],
  },
  radiology_report: {
    context: { findings: 'Nodule of 8 mm, right upper lobe', study_type: 'CT chest' },
    title: 'RADIOLOGY REPORT',
    tasks: [['radiology_interpretation', 'Clinical', 1024, 0.3, 0, []]],
  },
  comprehensive_assessment: {
    context: { patient_case: 'Chest pain for two hours' },
    title: 'COMPREHENSIVE ASSESSMENT',
    tasks: [
      ['medical_assessment', 'MedicalQA', 768, 0.7, 3, []],
      ['clinical_decision', 'Clinical', 768, 0.7, 3, []],
      ['billing_overview', 'Billing', 512, 0.7, 2, []],
    ],
  },
  billing_with_justification: {
    context: { service: 'Colonoscopy with biopsy' },
    title: 'BILLING WITH JUSTIFICATION',
    tasks: [
      ['medical_justification', 'MedicalQA', 512, 0.7, 2, []],
      ['billing_codes', 'Billing', 512, 0.7, 1, ['medical_justification']],
    ],
  },
  parallel_qa: {
    context: { question: 'When is a chest CT indicated?' },
    title: 'ANSWERS',
    tasks: [
      ['medicalqa_answer', 'MedicalQA', 512, 0.7, 0, []],
      ['clinical_answer', 'Clinical', 512, 0.7, 0, []],
    ],
  },
}

const leaves = (value: unknown): string[] =>
  typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [String(value)]

describe.each(Object.entries(WORKFLOWS))('%s', (workflow_type, { context, title, tasks }) => {
  it('runs its tasks on their agents and gives its document', async () => {
    const asked: ChatRequest[] = []
    const service = await startService({
      simulator: {
        reply: (request) => {
          asked.push(request)
          return `Answer ${asked.length} of ${request.model}.`
        },
      },
    })
    const { status, aggregated_content, results, metadata } = await run(service, { workflow_type, context })
    expect(status).toBe('succeeded')
    expect(
      results.map(({ task_id, agent_type, priority, dependencies }) => [task_id, agent_type, priority, dependencies]),
    ).toEqual(tasks.map(([id, agent, , , priority, dependencies]) => [id, agent, priority, dependencies]))
    expect(metadata.num_tasks).toBe(tasks.length)

    expect(aggregated_content.split('\n')[0]).toBe(`=== ${title} ===`)
    const places = results.map(({ content }) => aggregated_content.indexOf(content ?? 'no content'))
    expect(places.every((place) => place > 0)).toBe(true)
    expect(places).toEqual(places.toSorted((a, b) => a - b))

    const sent = asked.map(({ max_tokens, temperature }) => [max_tokens, temperature])
    expect(sent.toSorted()).toEqual(tasks.map(([, , max, temperature]) => [max, temperature]).toSorted())
  })

  it('hands patient data over in the user message only, whole', async () => {
    const service = await startService()
    await run(service, { workflow_type, context })
    const { entries } = service.simulator.ledger
    expect(entries).toHaveLength(tasks.length)
    for (const { messages } of entries) {
      expect(messages.map(({ role }) => role)).toEqual(['system', 'user'])
      for (const value of leaves(context)) {
        expect(messages[1]?.content).toContain(value)
        expect(messages[0]?.content).not.toContain(value)
      }
    }
  })

  it.each(Object.keys(context))('needs %s', async (key) => {
    const service = await startService()
    for (const value of [undefined, null, '', '  ', {}, []]) {
      const response = await service.execute({ workflow_type, context: { ...context, [key]: value } })
      expect(response.statusCode).toBe(400)
      expect(response.json()).toMatchObject({ code: 'missing_context', errors: [{ field: `context.${key}` }] })
      expect(response.json().detail).toContain(`"${key}"`)
    }
    expect(service.simulator.ledger.received).toBe(0)
  })

  it('may be run with tasks of the caller under its own title', async () => {
    const service = await startService()
    const body = {
      workflow_type,
      context: {},
      custom_tasks: [{ task_id: 'own', agent_type: 'Chat', prompt: 'Hello.' }],
    }
    const { aggregated_content, results } = await run(service, body)
    expect(results.map(({ task_id }) => task_id)).toEqual(['own'])
    expect(aggregated_content.split('\n')[0]).toBe(`=== ${title} ===`)
    expect(aggregated_content).toContain('--- Own (Chat) ---')
  })
})

describe('a further context key', () => {
  it('reaches every task, labelled', async () => {
    const service = await startService()
    await run(service, { workflow_type: 'discharge_summary', context: { ...STAY, code_status: 'Full code' } })
    for (const { messages } of service.simulator.ledger.entries)
      expect(messages[1]?.content).toContain('<context name="code_status">Full code</context>')
  })
})

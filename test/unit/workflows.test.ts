import { describe, expect, it } from 'vitest'
import { sampleContexts } from '../../simulator/samples.ts'
import { WorkflowType } from '../../src/contract/workflow-type.ts'
import { estimateFit } from '../../src/models/context-fit.ts'
import type { AgentTable } from '../../src/plan/agents.ts'
import { buildPlan } from '../../src/plan/build.ts'
import { compileCatalogue } from '../../src/plan/catalogue.ts'
import { describeCatalogue } from '../../src/plan/describe.ts'
import { buildGraph } from '../../src/plan/graph.ts'
import { renderUser } from '../../src/plan/prompt.ts'
import { parseTemplate } from '../../src/plan/template.ts'
import { headingOf, titleLine } from '../../src/results/headings.ts'
import { customLayout } from '../../workflows/custom.ts'
import { workflows } from '../../workflows/index.ts'

type Row = readonly [task: string, agent: string, max: number, temp: number, priority: number, after: readonly string[]]

/** The table of acceptance.md, in its order. */
const FACTS: Readonly<Record<string, { context: readonly string[]; execution: string; tasks: readonly Row[] }>> = {
  discharge_summary: {
    context: ['patient_data', 'admission_date', 'discharge_date'],
    execution: 'parallel',
    tasks: [
      ['clinical_summary', 'Clinical', 1024, 0.3, 1, []],
      ['billing_codes', 'Billing', 512, 0.2, 1, []],
    ],
  },
  pharmacy_documentation: {
    context: ['medications', 'patient_info'],
    execution: 'sequential',
    tasks: [
      ['drug_analysis', 'Clinical', 768, 0.3, 0, []],
      ['pharmacy_billing', 'Billing', 512, 0.2, 0, ['drug_analysis']],
    ],
  },
  insurance_claim: {
    context: ['procedure', 'diagnosis', 'patient_data'],
    execution: 'sequential',
    tasks: [
      ['medical_necessity', 'MedicalQA', 768, 0.3, 2, []],
      ['claim_form', 'Claims', 512, 0.2, 0, ['medical_necessity']],
    ],
  },
  lab_report: {
    context: ['lab_results', 'patient_info'],
    execution: 'single',
    tasks: [['lab_interpretation', 'Clinical', 768, 0.3, 0, []]],
  },
  radiology_report: {
    context: ['findings', 'study_type'],
    execution: 'single',
    tasks: [['radiology_interpretation', 'Clinical', 1024, 0.3, 0, []]],
  },
  comprehensive_assessment: {
    context: ['patient_case'],
    execution: 'parallel',
    tasks: [
      ['medical_assessment', 'MedicalQA', 768, 0.7, 3, []],
      ['clinical_decision', 'Clinical', 768, 0.7, 3, []],
      ['billing_overview', 'Billing', 512, 0.7, 2, []],
    ],
  },
  billing_with_justification: {
    context: ['service'],
    execution: 'sequential',
    tasks: [
      ['medical_justification', 'MedicalQA', 512, 0.7, 2, []],
      ['billing_codes', 'Billing', 512, 0.7, 1, ['medical_justification']],
    ],
  },
  parallel_qa: {
    context: ['question'],
    execution: 'parallel',
    tasks: [
      ['medicalqa_answer', 'MedicalQA', 512, 0.7, 0, []],
      ['clinical_answer', 'Clinical', 512, 0.7, 0, []],
    ],
  },
}

const DOCUMENTS: Readonly<Record<string, readonly (string | null)[]>> = {
  discharge_summary: ['=== DISCHARGE SUMMARY ===', null, '=== BILLING INFORMATION ==='],
  pharmacy_documentation: ['=== PHARMACY DOCUMENTATION ===', '--- Drug Analysis ---', '--- Pharmacy Billing ---'],
  insurance_claim: ['=== INSURANCE AUTHORIZATION REQUEST ===', '--- Medical Necessity ---', '--- Claim Form ---'],
  lab_report: ['=== LAB REPORT ===', null],
  radiology_report: ['=== RADIOLOGY REPORT ===', null],
  comprehensive_assessment: [
    '=== COMPREHENSIVE ASSESSMENT ===',
    '--- Medical Assessment ---',
    '--- Clinical Decision ---',
    '--- Billing Overview ---',
  ],
  billing_with_justification: [
    '=== BILLING WITH JUSTIFICATION ===',
    '--- Medical Justification ---',
    '--- Billing Codes ---',
  ],
  parallel_qa: ['=== ANSWERS ===', '--- Medical Knowledge ---', '--- Clinical Practice ---'],
}

const lane = { model: 'm', gpu: 0, slots: 4, gpu_max: Number.POSITIVE_INFINITY }
const agents: AgentTable = new Map(['Clinical', 'MedicalQA', 'Billing', 'Claims'].map((agent) => [agent, lane]))
const catalogue = compileCatalogue(workflows, agents)
const route = () => {
  throw new Error('no workflow leaves its model open')
}
const office = { catalogue, agents, models: new Map(), route, max_tasks: 256, custom_layout: customLayout }
const planOf = (workflow_type: string, context: Record<string, unknown>) =>
  buildPlan(office, { workflow_type, context })

it('lists the eight workflows in the order of the acceptance table, with every name that the library exports', () => {
  expect(workflows.map(({ type }) => type)).toEqual(Object.keys(FACTS))
  expect(new Set([...workflows.map(({ type }) => type), 'custom'])).toEqual(new Set(Object.values(WorkflowType)))
})

it('puts the tasks of a custom request under CUSTOM WORKFLOW, each under its own name', () => {
  expect(customLayout).toEqual({ title: 'CUSTOM WORKFLOW', sections: {} })
})

describe.each(workflows.map((workflow) => ({ type: workflow.type, workflow })))('$type', ({ type, workflow }) => {
  const facts = FACTS[type]
  const sample = sampleContexts[type] ?? {}

  it('has the tasks, agents, limits and dependencies of the acceptance table', () => {
    const tasks = catalogue
      .get(type)
      ?.compiled.tasks.map((t) => [
        t.task_id,
        t.agent_type,
        t.max_tokens,
        t.temperature,
        t.priority,
        [...t.dependencies],
      ])
    expect(tasks).toEqual(facts?.tasks)
    expect(catalogue.get(type)?.required_context).toEqual(facts?.context)
    expect(describeCatalogue(catalogue)[type]?.execution).toBe(facts?.execution)
  })

  it('is a graph without unknown dependencies or cycles', () => {
    const { issue } = buildGraph(workflow.tasks.map((task) => ({ dependencies: [], ...task })))
    expect(issue).toBeNull()
  })

  it('describes itself in one sentence and every context key in words', () => {
    expect(workflow.description).toMatch(/^[A-Z][^.]{40,}\.$/)
    for (const [key, schema] of Object.entries(workflow.context.shape))
      expect((schema as { description?: string }).description, key).toMatch(/^\S.{15,}/)
  })

  it('writes its title and headings in plan order', () => {
    const lines = workflow.tasks.map(
      (task) => headingOf(workflow.layout, { planned_model: 'm', gpu: 0, priority: 0, dependencies: [], ...task }).line,
    )
    expect([titleLine(workflow.layout.title), ...lines]).toEqual(DOCUMENTS[type])
    expect(Object.keys(workflow.layout.sections)).toEqual(workflow.tasks.map(({ task_id }) => task_id))
  })

  it('gives every task all required context, each key once on a line of its own, and names no other key', () => {
    for (const task of workflow.tasks) {
      const keys = parseTemplate(task.prompt).flatMap((part) => (part.kind === 'context' ? [part.key] : []))
      expect([...keys].sort()).toEqual([...(facts?.context ?? [])].sort())
      for (const key of keys) expect(task.prompt.split('\n')).toContain(`{{context.${key}}}`)
    }
  })

  it('plans its sample patient, who is marked as fictional, within 8192 tokens and with every value handed over', () => {
    expect(workflow.context.safeParse(sample).success).toBe(true)
    expect(JSON.stringify(sample)).toMatch(/fictional/i)
    for (const key of Object.keys(sample)) expect(Object.keys(workflow.context.shape)).toContain(key)
    const plan = planOf(type, sample)
    for (const task of plan.tasks) {
      const user = String(
        renderUser(plan, task, () => ({ agent_type: 'Clinical', text: 'earlier result', truncated: false })),
      )
      for (const key of Object.keys(sample)) expect(user.split(`<context name="${key}">`)).toHaveLength(2)
      expect(user.includes('earlier result')).toBe(task.dependencies.length > 0)
      const chars = task.system.length + user.length
      expect(estimateFit({ chars, max_tokens: task.max_tokens, window: 8192 })).toBe('fits')
    }
  })

  it.each(facts?.context ?? [])('refuses a request whose %s is absent, null, blank or empty, and names it', (key) => {
    const { [key]: _, ...without } = sample
    for (const context of [without, ...[null, '', ' \n', [], {}].map((value) => ({ ...sample, [key]: value }))])
      expect(() => planOf(type, context)).toThrow(
        expect.objectContaining({ code: 'missing_context', detail: expect.stringContaining(`"${key}"`) }),
      )
  })

  it('accepts any JSON for a required key, leaves optional keys optional and takes further keys', () => {
    const bare = Object.fromEntries((facts?.context ?? []).map((key) => [key, { note: 'text', values: [0, false] }]))
    expect(planOf(type, { ...bare, room: '12' }).further_context).toEqual(['room'])
  })
})

import { z } from 'zod'
import { defineWorkflow, optional, required } from '../src/plan/workflow.ts'
import { CODE_RULES, systemMessage } from './rules.ts'

const STAY = `Patient data:
{{context.patient_data}}

Admission date:
{{context.admission_date}}

Discharge date:
{{context.discharge_date}}`

export const dischargeSummary = defineWorkflow({
  type: 'discharge_summary',
  description:
    'Writes the clinical discharge summary of a hospital stay and, at the same time, proposes its billing codes.',
  context: z.looseObject({
    patient_data: required('The stay: history, findings, results, treatments, medications; text or any JSON'),
    admission_date: required('Date of admission, as it shall stand in the document'),
    discharge_date: required('Date of discharge, as it shall stand in the document'),
    allergies: optional('Known allergies and reactions'),
    medications_on_admission: optional('Medications before the stay, to tell new, changed and stopped ones apart'),
    follow_up_plan: optional('Appointments, pending results and instructions already arranged'),
    discharge_disposition: optional('Where the patient goes: home, rehabilitation, another hospital'),
  }),
  tasks: [
    {
      task_id: 'clinical_summary',
      agent_type: 'Clinical',
      system: systemMessage({
        role: 'You are an attending hospital physician. You write the clinical part of a discharge summary for the physicians who take over the care.',
        sections: {
          'Admission diagnosis': 'why the patient was admitted and on what date.',
          'Hospital course and treatments':
            'findings, key results, procedures, treatments and the response to them, in order of time.',
          'Discharge diagnosis': 'the principal diagnosis first, then secondary diagnoses and comorbidities.',
          'Discharge medications':
            'each with dose, route and frequency; mark new, changed and stopped ones where the data shows it; allergies last.',
          'Follow-up': 'appointments, tests, pending results, instructions and warning signs.',
          Prognosis: 'condition at discharge and expected course.',
        },
        words: 500,
      }),
      prompt: `Write the clinical part of the discharge summary of this stay.\n\n${STAY}`,
      max_tokens: 1024,
      temperature: 0.3,
      priority: 1,
    },
    {
      task_id: 'billing_codes',
      agent_type: 'Billing',
      system: systemMessage({
        role: 'You are a certified inpatient medical coder. You propose the billing codes of a hospital stay for a human coder to check.',
        sections: {
          'Primary ICD-10-CM':
            'the diagnosis that, after study, was chiefly responsible for the admission: code and wording.',
          'Secondary ICD-10-CM': 'comorbidities and complications that were evaluated, treated or monitored.',
          CPT: 'documented professional services and procedures.',
          DRG: 'if applicable: for an inpatient stay the likely MS-DRG and the conditions that decide it, to be confirmed by the grouper; otherwise "Not applicable".',
          Justification: 'for each code the documented finding or treatment that supports it.',
        },
        rules: CODE_RULES,
        words: 250,
      }),
      prompt: `Propose the billing codes of this stay.\n\n${STAY}`,
      max_tokens: 512,
      temperature: 0.2,
      priority: 1,
    },
  ],
  layout: {
    title: 'DISCHARGE SUMMARY',
    sections: {
      clinical_summary: { heading: 'Clinical Summary', style: 'none' },
      billing_codes: { heading: 'BILLING INFORMATION', style: 'title' },
    },
  },
})

import { z } from 'zod'
import { defineWorkflow, optional, required } from '../src/plan/workflow.ts'
import { CODE_RULES, EARLIER_RESULT_RULES, KNOWLEDGE_RULES, systemMessage } from './rules.ts'

const SERVICE = `Service:
{{context.service}}`

export const billingWithJustification = defineWorkflow({
  type: 'billing_with_justification',
  description: 'Justifies a service medically and then proposes billing codes that rest on this justification.',
  context: z.looseObject({
    service: required('The service: what was or will be done, for whom and why'),
    diagnosis: optional('Diagnoses that the service is for'),
    patient_data: optional('History, findings and earlier treatments'),
    setting: optional('Place of service and date'),
    payer: optional('Insurer, plan and known coverage rules'),
  }),
  tasks: [
    {
      task_id: 'medical_justification',
      agent_type: 'MedicalQA',
      system: systemMessage({
        role: 'You are a physician advisor. You write the medical justification of a service for the billing department and the payer.',
        sections: {
          Indication: 'the condition, symptoms and findings that the service is for.',
          'Supporting findings': 'documented results, course and earlier treatments.',
          'Expected benefit': 'what the service should achieve for this patient.',
          'Alternatives considered': 'other options in the data, and why they do not suffice.',
          'Risk without the service': 'what is likely to follow if it is not done.',
          'Documentation gaps': 'what a payer would ask for and the data lacks.',
        },
        rules: KNOWLEDGE_RULES,
        words: 250,
      }),
      prompt: `Write the medical justification of this service.\n\n${SERVICE}`,
      max_tokens: 512,
      temperature: 0.7,
      priority: 2,
    },
    {
      task_id: 'billing_codes',
      agent_type: 'Billing',
      system: systemMessage({
        role: 'You are a certified medical coder. You propose the codes of a service for a human coder to check.',
        sections: {
          'Procedure codes': 'CPT or HCPCS code, wording and units.',
          Modifiers: 'side, professional or technical component, distinct service; "None" if the data calls for none.',
          'Diagnosis codes': 'ICD-10-CM, primary first, each linked to the procedure that it supports.',
          Justification:
            'for each code the documented fact that supports it, in line with the medical justification below.',
          'Coverage notes': 'prior authorization, frequency limits and documents to attach.',
        },
        rules: [...CODE_RULES, ...EARLIER_RESULT_RULES],
        words: 250,
      }),
      prompt: `Propose the billing codes of this service. Rest them on the medical justification below.\n\n${SERVICE}`,
      max_tokens: 512,
      temperature: 0.7,
      priority: 1,
      dependencies: ['medical_justification'],
    },
  ],
  layout: {
    title: 'BILLING WITH JUSTIFICATION',
    sections: {
      medical_justification: { heading: 'Medical Justification', style: 'subsection' },
      billing_codes: { heading: 'Billing Codes', style: 'subsection' },
    },
  },
})

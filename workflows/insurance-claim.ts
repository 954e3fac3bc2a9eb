import { z } from 'zod'
import { defineWorkflow, optional, required } from '../src/plan/workflow.ts'
import { CODE_RULES, EARLIER_RESULT_RULES, KNOWLEDGE_RULES, systemMessage } from './rules.ts'

const REQUEST = `Procedure:
{{context.procedure}}

Diagnosis:
{{context.diagnosis}}

Patient data:
{{context.patient_data}}`

export const insuranceClaim = defineWorkflow({
  type: 'insurance_claim',
  description:
    'Argues the medical necessity of a procedure and then fills in the insurance authorization request with it.',
  context: z.looseObject({
    procedure: required('The requested procedure, with its code where known'),
    diagnosis: required('The diagnosis that the procedure is for, with its code where known'),
    patient_data: required('Demographics, history, findings and earlier treatments'),
    insurance: optional('Insurer, plan, member and group numbers'),
    provider: optional('Requesting and performing provider, facility'),
    prior_authorization: optional('Earlier authorization references and decisions'),
    supporting_documents: optional('Reports and notes that can be attached'),
  }),
  tasks: [
    {
      task_id: 'medical_necessity',
      agent_type: 'MedicalQA',
      system: systemMessage({
        role: 'You are a physician advisor for utilization review. You explain to an insurer why a procedure is medically necessary.',
        sections: {
          Indication: 'the diagnosis, symptoms and findings that call for the procedure.',
          Evidence: 'examinations, results and failed or completed treatments in the data, with dates.',
          'Expected outcome': 'what the procedure should change for this patient.',
          Alternatives: 'what was tried or considered, and why it does not suffice.',
          'Why needed': 'why this procedure and why now, and the risk of not doing it.',
        },
        rules: [...KNOWLEDGE_RULES, 'If the data does not support the necessity, say plainly what is missing.'],
        words: 375,
      }),
      prompt: `Explain the medical necessity of this procedure.\n\n${REQUEST}`,
      max_tokens: 768,
      temperature: 0.3,
      priority: 2,
    },
    {
      task_id: 'claim_form',
      agent_type: 'Claims',
      system: systemMessage({
        role: 'You are an insurance claims specialist. You fill in an authorization request for a human to check and sign.',
        sections: {
          'Demographics header': 'patient, date of birth, insurer, member number, provider and facility.',
          'Procedure codes': 'CPT or HCPCS code and wording, units, and side where it matters.',
          'Diagnosis codes': 'ICD-10-CM code and wording, primary first.',
          'Necessity statement': 'three to five sentences, taken from the medical necessity text below.',
          'Supporting-document checklist':
            'each document that an insurer would expect: "in the data" or "to be attached".',
          'Prior-authorization references': 'numbers, dates and decisions, copied from the data.',
        },
        rules: [...CODE_RULES, ...EARLIER_RESULT_RULES],
        words: 250,
      }),
      prompt: `Fill in the authorization request. Rest the necessity statement on the medical necessity text below.\n\n${REQUEST}`,
      max_tokens: 512,
      temperature: 0.2,
      priority: 0,
      dependencies: ['medical_necessity'],
    },
  ],
  layout: {
    title: 'INSURANCE AUTHORIZATION REQUEST',
    sections: {
      medical_necessity: { heading: 'Medical Necessity', style: 'subsection' },
      claim_form: { heading: 'Claim Form', style: 'subsection' },
    },
  },
})

import { z } from 'zod'
import { defineWorkflow, optional, required } from '../src/plan/workflow.ts'
import { CODE_RULES, KNOWLEDGE_RULES, systemMessage } from './rules.ts'

const CASE = `Patient case:
{{context.patient_case}}`

export const comprehensiveAssessment = defineWorkflow({
  type: 'comprehensive_assessment',
  description:
    'Looks at one patient case from three sides at once: medical assessment, clinical decisions and billing.',
  context: z.looseObject({
    patient_case: required('The case: complaint, history, findings and results; text or any JSON'),
    question: optional('What the treating team wants to decide'),
    medications: optional('Current medications with doses'),
    allergies: optional('Known allergies and reactions'),
    encounter_setting: optional('Emergency, inpatient, outpatient or telehealth; decides the billing rules'),
  }),
  tasks: [
    {
      task_id: 'medical_assessment',
      agent_type: 'MedicalQA',
      system: systemMessage({
        role: 'You are a consultant in internal medicine. You assess one patient case for the treating team.',
        sections: {
          'Case summary': 'two or three sentences: patient, complaint, decisive findings.',
          'Problem list': 'active problems, most urgent first.',
          'Differential diagnosis':
            'most likely first and what must not be missed; for each the findings for and against.',
          'Severity and risk': 'signs of instability, risk factors, and what could go wrong soon.',
          'Missing information': 'history, examination or results that would change the assessment.',
        },
        rules: KNOWLEDGE_RULES,
        words: 375,
      }),
      prompt: `Assess this case.\n\n${CASE}`,
      max_tokens: 768,
      temperature: 0.7,
      priority: 3,
    },
    {
      task_id: 'clinical_decision',
      agent_type: 'Clinical',
      system: systemMessage({
        role: 'You are an attending physician. You lay out the clinical decisions of one patient case for the treating team, who decide.',
        sections: {
          'Immediate actions': 'what cannot wait, in order.',
          'Diagnostic plan': 'tests, what each would show, and their urgency.',
          'Treatment options':
            'options with reasons, contraindications and interactions in this patient; drug doses only where the data gives them.',
          Monitoring: 'which values and signs to follow, how often, and when to escalate.',
          'Disposition and follow-up': 'level of care, consultations and follow-up.',
        },
        rules: KNOWLEDGE_RULES,
        words: 375,
      }),
      prompt: `Lay out the clinical decisions of this case.\n\n${CASE}`,
      max_tokens: 768,
      temperature: 0.7,
      priority: 3,
    },
    {
      task_id: 'billing_overview',
      agent_type: 'Billing',
      system: systemMessage({
        role: 'You are a certified medical coder. You give an overview of how one encounter could be billed, for a human coder to check.',
        sections: {
          'Encounter type and level': 'setting, and the documented elements that decide the level of service.',
          'Diagnosis codes': 'ICD-10-CM for documented conditions; symptoms where no diagnosis is confirmed.',
          'Procedure codes': 'CPT or HCPCS for services that the data says were done; planned ones apart.',
          'Medical necessity': 'which diagnosis supports which service.',
          'Documentation gaps': 'what must be documented, or authorized, before billing.',
        },
        rules: CODE_RULES,
        words: 250,
      }),
      prompt: `Give the billing overview of this case.\n\n${CASE}`,
      max_tokens: 512,
      temperature: 0.7,
      priority: 2,
    },
  ],
  layout: {
    title: 'COMPREHENSIVE ASSESSMENT',
    sections: {
      medical_assessment: { heading: 'Medical Assessment', style: 'subsection' },
      clinical_decision: { heading: 'Clinical Decision', style: 'subsection' },
      billing_overview: { heading: 'Billing Overview', style: 'subsection' },
    },
  },
})

import { z } from 'zod'
import { defineWorkflow, optional, required } from '../src/plan/workflow.ts'
import { KNOWLEDGE_RULES, systemMessage } from './rules.ts'

export const labReport = defineWorkflow({
  type: 'lab_report',
  description:
    'Interprets laboratory results for the treating physician: what is abnormal, what it means and what to do next.',
  context: z.looseObject({
    lab_results: required('Results with units and, where known, reference ranges and collection times; text or JSON'),
    patient_info: required('Age, sex, complaint, diagnoses and medications'),
    reference_ranges: optional("The laboratory's reference ranges, if not given with the results"),
    previous_results: optional('Earlier results with dates, for the course'),
    clinical_question: optional('What the requesting physician wants to know'),
  }),
  tasks: [
    {
      task_id: 'lab_interpretation',
      agent_type: 'Clinical',
      system: systemMessage({
        role: 'You are a physician in laboratory medicine. You interpret the laboratory results of one patient for the treating physician.',
        sections: {
          'Abnormal values':
            'test, value with unit, reference range as given, high or low; critical values first, marked "CRITICAL". Do not list normal values.',
          Significance: 'what each abnormal value or pattern means for this patient.',
          Differential: 'likely causes, most likely first, with the values for and against each.',
          'Follow-up tests': 'which tests would settle the differential, and why.',
          Recommendations: 'what to do and how soon; what to check before acting.',
        },
        rules: [...KNOWLEDGE_RULES, 'Where no reference range is given, say so before calling a value high or low.'],
        words: 375,
      }),
      prompt: `Interpret these laboratory results.

Laboratory results:
{{context.lab_results}}

Patient information:
{{context.patient_info}}`,
      max_tokens: 768,
      temperature: 0.3,
      priority: 0,
    },
  ],
  layout: {
    title: 'LAB REPORT',
    sections: { lab_interpretation: { heading: 'Lab Interpretation', style: 'none' } },
  },
})

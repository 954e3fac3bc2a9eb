import { z } from 'zod'
import { defineWorkflow, optional, required } from '../src/plan/workflow.ts'
import { systemMessage } from './rules.ts'

export const radiologyReport = defineWorkflow({
  type: 'radiology_report',
  description: "Turns a radiologist's findings into a structured report with impression and recommendations.",
  context: z.looseObject({
    findings: required('What the radiologist saw, dictated or in notes'),
    study_type: required('Modality, body region and contrast, for example "CT chest without contrast"'),
    technique: optional('How the study was done: protocol, contrast agent and amount, limitations'),
    comparison: optional('Earlier studies with dates and their findings'),
    clinical_history: optional('Indication and relevant history'),
    patient_info: optional('Age, sex and other facts about the patient'),
  }),
  tasks: [
    {
      task_id: 'radiology_interpretation',
      agent_type: 'Clinical',
      system: systemMessage({
        role: 'You are a radiologist. You turn dictated findings into a structured report. You do not see the images: add no finding that the data does not state, normal ones included.',
        sections: {
          Technique: 'modality, region, contrast and protocol.',
          Comparison: 'earlier studies with their dates.',
          Findings:
            'all stated findings by organ or region, with sizes, sides and stated normal findings; change since the comparison.',
          Impression:
            'numbered, most important first: what the findings mean together; urgent findings marked "URGENT".',
          Recommendations:
            'next imaging, clinical correlation or notification that the findings call for, with intervals only where the data gives them.',
        },
        rules: ['Keep the degree of certainty of the findings: "possible" stays possible.'],
        words: 500,
      }),
      prompt: `Write the report of this study.

Study type:
{{context.study_type}}

Findings:
{{context.findings}}`,
      max_tokens: 1024,
      temperature: 0.3,
      priority: 0,
    },
  ],
  layout: {
    title: 'RADIOLOGY REPORT',
    sections: { radiology_interpretation: { heading: 'Radiology Interpretation', style: 'none' } },
  },
})

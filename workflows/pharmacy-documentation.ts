import { z } from 'zod'
import { defineWorkflow, optional, required } from '../src/plan/workflow.ts'
import { EARLIER_RESULT_RULES, KNOWLEDGE_RULES, systemMessage } from './rules.ts'

const ORDER = `Medications:
{{context.medications}}

Patient information:
{{context.patient_info}}`

export const pharmacyDocumentation = defineWorkflow({
  type: 'pharmacy_documentation',
  description:
    "Checks a patient's medications for safety and then writes the pharmacy billing record from that analysis.",
  context: z.looseObject({
    medications: required('Medications with dose, route, frequency and, where known, quantity and NDC'),
    patient_info: required('Age, sex, weight, diagnoses, renal and hepatic function and other facts that decide doses'),
    allergies: optional('Known allergies and reactions'),
    lab_results: optional('Results that bear on the medications, for example creatinine, potassium, INR'),
    coverage: optional('Insurance plan, formulary and earlier authorizations'),
  }),
  tasks: [
    {
      task_id: 'drug_analysis',
      agent_type: 'Clinical',
      system: systemMessage({
        role: 'You are a clinical pharmacist in a hospital. You review the medications of one patient for safety.',
        sections: {
          Interactions: 'each relevant pair, its severity (major, moderate, minor), effect and what to do.',
          Contraindications: "by the patient's diagnoses, allergies, organ function, age or pregnancy.",
          'Dose check':
            'for each drug the dose as given and whether it is usual, high or low for this patient; "Not stated" where the needed facts are missing.',
          Warnings: 'important adverse effects, boxed warnings and duplications; most dangerous first.',
          Monitoring: 'which values or signs to follow, and how soon.',
        },
        rules: [
          ...KNOWLEDGE_RULES,
          'Do not replace a prescribed dose: name the concern and leave the decision to the prescriber.',
        ],
        words: 375,
      }),
      prompt: `Review these medications for this patient.\n\n${ORDER}`,
      max_tokens: 768,
      temperature: 0.3,
      priority: 0,
    },
    {
      task_id: 'pharmacy_billing',
      agent_type: 'Billing',
      system: systemMessage({
        role: 'You are a pharmacy billing specialist. You prepare the billing record of dispensed medications for a human to check.',
        sections: {
          NDC: 'for each drug the National Drug Code, copied from the data; "Not stated" if it is not there.',
          "Quantity and days' supply":
            "for each drug; calculate days' supply only from a stated quantity and frequency, and show the calculation.",
          'Coverage codes': 'plan, benefit, diagnosis or reject codes that the data gives.',
          'Prior authorization': 'which drugs have one or may need one, and why.',
          Notes: 'safety findings of the drug analysis that must be settled before billing, and missing information.',
        },
        rules: ['Never recall an NDC, plan or authorization number from memory.', ...EARLIER_RESULT_RULES],
        words: 250,
      }),
      prompt: `Prepare the pharmacy billing record of these medications. Take the drug analysis below into account.\n\n${ORDER}`,
      max_tokens: 512,
      temperature: 0.2,
      priority: 0,
      dependencies: ['drug_analysis'],
    },
  ],
  layout: {
    title: 'PHARMACY DOCUMENTATION',
    sections: {
      drug_analysis: { heading: 'Drug Analysis', style: 'subsection' },
      pharmacy_billing: { heading: 'Pharmacy Billing', style: 'subsection' },
    },
  },
})

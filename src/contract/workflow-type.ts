/** The built-in workflows by name, for callers who want the compiler to know them. */
export const WorkflowType = {
  DISCHARGE_SUMMARY: 'discharge_summary',
  PHARMACY_DOCUMENTATION: 'pharmacy_documentation',
  INSURANCE_CLAIM: 'insurance_claim',
  LAB_REPORT: 'lab_report',
  RADIOLOGY_REPORT: 'radiology_report',
  COMPREHENSIVE_ASSESSMENT: 'comprehensive_assessment',
  BILLING_WITH_JUSTIFICATION: 'billing_with_justification',
  PARALLEL_QA: 'parallel_qa',
  CUSTOM: 'custom',
} as const

export type WorkflowType = (typeof WorkflowType)[keyof typeof WorkflowType]

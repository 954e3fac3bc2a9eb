import type { WorkflowDefinition } from '../src/plan/workflow.ts'
import { billingWithJustification } from './billing-with-justification.ts'
import { comprehensiveAssessment } from './comprehensive-assessment.ts'
import { dischargeSummary } from './discharge-summary.ts'
import { insuranceClaim } from './insurance-claim.ts'
import { labReport } from './lab-report.ts'
import { parallelQa } from './parallel-qa.ts'
import { pharmacyDocumentation } from './pharmacy-documentation.ts'
import { radiologyReport } from './radiology-report.ts'

/** The built-in workflows, in the order in which the service lists them. */
export const workflows: readonly WorkflowDefinition[] = [
  dischargeSummary,
  pharmacyDocumentation,
  insuranceClaim,
  labReport,
  radiologyReport,
  comprehensiveAssessment,
  billingWithJustification,
  parallelQa,
]

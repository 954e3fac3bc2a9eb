import { z } from 'zod'

const DAY_MS = 86_400_000

/** What a workflow or a request asks of the human who is to approve. */
export const ApprovalPolicy = z
  .strictObject({
    four_eyes: z.boolean().default(false).describe('Whoever asked for the run may not decide on it'),
    expires_in_ms: z
      .int()
      .min(1000)
      .max(366 * DAY_MS)
      .default(7 * DAY_MS)
      .describe('Undecided after so long counts as rejected. Milliseconds, a second to 366 days'),
  })
  .describe('The document waits for a human (`awaiting_approval`) before the run has its end')

export const ApprovalDecision = z.strictObject({
  decision: z.enum(['approve', 'reject']),
  comment: z.string().max(10_000).optional().describe('Why. Kept with the decision'),
  approval_id: z.string().min(1).max(128).optional().describe('Needed where more than one approval is pending'),
  content: z
    .string()
    .regex(/\S/, 'must hold text')
    .max(1_000_000)
    .optional()
    .describe('With approve: the whole text that is approved in place of the one shown; the original is kept'),
})

export type ApprovalPolicy = z.output<typeof ApprovalPolicy>
export type ApprovalDecision = z.output<typeof ApprovalDecision>

import type { ExecuteResponse } from '../contract/result.ts'
import type { DocumentStatus } from '../contract/runs.ts'

/** How a human, or the clock, decided on a whole document. */
export interface DocumentDecision {
  status: 'approved' | 'rejected' | 'expired'
  /** What was approved in place of the text that was shown. */
  edited_content: string | null
}

const REFUSED: Readonly<Record<'rejected' | 'expired', string>> = {
  rejected: '[REJECTED: a human has decided that this document is not to be used.]',
  expired: '[NOT APPROVED: nobody decided in time. This document is not to be used.]',
}

/**
 * The answer of a run after the decision on its document: unchanged, with the approved text, or without any. The text
 * that was refused stays with its approval, and nowhere else where it could be taken for one that counts.
 */
export function decideDocument(
  response: ExecuteResponse,
  { status, edited_content }: DocumentDecision,
): ExecuteResponse {
  if (status === 'approved')
    return edited_content === null ? response : { ...response, aggregated_content: edited_content }
  return { ...response, status: 'failed', success: false, aggregated_content: REFUSED[status] }
}

/** What the document of a run is worth by the decision on it; without any it is a draft. */
export function documentStatus(decision: DocumentDecision | null): DocumentStatus {
  if (decision === null) return 'preliminary'
  if (decision.status !== 'approved') return 'rejected'
  return decision.edited_content === null ? 'final' : 'amended'
}

import type { Outcome } from '../contract/outcome.ts'
import type { ErrorEntry, ExecuteResponse, TaskResult } from '../contract/result.ts'
import type { DocumentStatus } from '../contract/runs.ts'
import type { TaskErrorCode } from '../errors.ts'
import { CUT_BEFORE, fallbackOf, REPLACED, SIMULATED } from './notices.ts'

/** How a human, or the clock, decided on a whole document. */
export interface DocumentDecision {
  status: 'approved' | 'rejected' | 'expired'
  /** What was approved in place of the text that was shown. */
  edited_content: string | null
}

interface Refusal {
  line: string
  error: { code: TaskErrorCode; message: string }
}

const REFUSED: Readonly<Record<'rejected' | 'expired', Refusal>> = {
  rejected: {
    line: '[REJECTED: a human has decided that this document is not to be used.]',
    error: { code: 'approval_rejected', message: 'A human has rejected the document with the text of this task.' },
  },
  expired: {
    line: '[NOT APPROVED: nobody decided in time. This document is not to be used.]',
    error: { code: 'approval_expired', message: 'Nobody approved the document with the text of this task in time.' },
  },
}

const refuseText = (result: TaskResult, error: Refusal['error']): TaskResult =>
  result.success ? { ...result, status: 'failed', success: false, content: null, error } : result

/** As of tasks whose own text was refused: each part of a document that is not to be used has no text either. */
function refuse(response: ExecuteResponse, { line, error }: Refusal): ExecuteResponse {
  const { results, metadata } = response
  const errors = results.flatMap(({ task_id, success }): ErrorEntry[] =>
    success ? [{ task_id, ...error, cause: null }] : metadata.errors.filter((entry) => entry.task_id === task_id),
  )
  return {
    ...response,
    status: 'failed',
    success: false,
    aggregated_content: line,
    metadata: { ...metadata, errors },
    results: results.map((result) => refuseText(result, error)),
  }
}

/**
 * The answer of a run after the decision on its document: unchanged, with the approved text, or without any. The text
 * that was refused stays with its approval, and nowhere else where it could be taken for one that counts.
 */
export function decideDocument(
  response: ExecuteResponse,
  { status, edited_content }: DocumentDecision,
): ExecuteResponse {
  if (status !== 'approved') return refuse(response, REFUSED[status])
  return edited_content === null ? response : { ...response, aggregated_content: edited_content }
}

/** What the document of a run is worth by the decision on it; without any it is a draft. */
export function documentStatus(decision: DocumentDecision | null): DocumentStatus {
  if (decision === null) return 'preliminary'
  if (decision.status !== 'approved') return 'rejected'
  return decision.edited_content === null ? 'final' : 'amended'
}

const isTitle = (line: string): boolean => /^=== .* ===$/.test(line)

/**
 * An edited document that still says that a simulator wrote it: the line is put back below the title where the edit has
 * dropped it. All other notices are the editor's to take out, who alone knows whether what was missing is there now.
 */
export function keepOrigin(edited: string, simulated: boolean): string {
  const lines = edited.split('\n')
  if (!simulated || lines.some((line) => line.trim() === SIMULATED)) return edited
  const [first = '', ...rest] = lines
  return (isTitle(first) ? [first, SIMULATED, ...rest] : [SIMULATED, ...lines]).join('\n')
}

/** What whoever approves the text of one task must know of it: the lines that would stand above it in the document. */
export function noticesAbove(planned_model: string, outcome: Outcome): string[] {
  return [
    outcome.simulated ? SIMULATED : null,
    fallbackOf(planned_model, outcome),
    outcome.content?.includes('\uFFFD') ? REPLACED : null,
    outcome.truncated ? CUT_BEFORE : null,
  ].filter((line) => line !== null)
}

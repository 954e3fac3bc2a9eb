import type { ExecuteResponse } from '../contract/result.ts'
import type { ApprovalView, RunList, RunView } from '../contract/runs.ts'
import { documentView } from './document-view.ts'
import { findings } from './findings.ts'
import { printableAll } from './printable.ts'
import type { Paint } from './terminal.ts'
import { wrap } from './wrap.ts'

const COLOURS = { succeeded: 'green', failed: 'red', cancelled: 'red' } as const

const paintStatus = (status: string, text: string, paint: Paint): string =>
  paint(COLOURS[status as keyof typeof COLOURS] ?? 'yellow', text)

/** `2026-11-21 15:04:05 UTC`, to be read by whoever has to know until when. */
const time = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`

const DOCUMENT = {
  preliminary: 'PRELIMINARY: no human has approved it',
  final: 'final: approved as it was written',
  amended: 'amended: approved with edits',
  rejected: 'REJECTED: not to be used',
} as const

const decidedLine = ({ status, decided_by, decided_at }: ApprovalView): string =>
  `${status}${decided_by === null ? '' : ` by ${decided_by}`}${decided_at === null ? '' : `, ${time(decided_at)}`}`

function stateOf(approval: ApprovalView, run: RunView): string {
  if (approval.status !== 'pending') return decidedLine(approval)
  return run.finished_at === null
    ? `pending, until ${time(approval.expires_at)}`
    : 'not decided: the run has ended without it'
}

const TEXT = {
  pending: 'the text:',
  approved: 'the approved text:',
  rejected: 'the text that was rejected:',
  expired: 'the text that nobody approved:',
} as const

const quoted = (text: string): string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `  | ${line}`)

/** What was to be approved, how it was decided, and the text itself where it is not the document. */
function approvalLines(approval: ApprovalView, run: RunView, paint: Paint, columns: number | null): string[] {
  const { approval_id, task_id, status, comment, content, notices, diff } = approval
  const what = task_id === null ? 'the whole document' : `the text of ${task_id}`
  const lines = [
    `${paint('bold', 'Approval')} ${approval_id}: ${what}`,
    `  ${paintStatus(status === 'approved' ? 'succeeded' : status === 'pending' ? 'running' : 'failed', stateOf(approval, run), paint)}`,
  ]
  if (comment !== null) lines.push(`  comment: ${comment}`)
  const open = status === 'pending' && run.finished_at === null
  if (open) lines.push(`  decide with "cli -- runs approve ${run.run_id} --approval ${approval_id}", or runs reject`)
  // An edited text in full beside its edit could be taken for the one that counts; --json has it.
  const text =
    content === run.aggregated_content
      ? ['  its text is the document below']
      : diff !== null
        ? []
        : [`  ${TEXT[status]}`, ...[...notices, documentView(content, paint, columns)].flatMap(quoted)]
  const changes = diff === null ? [] : ['  edited:', ...quoted(diff)]
  return [...lines, ...text, ...changes]
}

const isWhole = (run: RunView): run is RunView & Pick<ExecuteResponse, 'metadata'> => run.metadata !== null

function headLines(run: RunView, paint: Paint): string[] {
  const field = (label: string, text: string | null) => (text === null ? [] : [`  ${label.padEnd(10)}${text}`])
  return [
    `${paint('bold', 'Run')} ${run.run_id} ${paintStatus(run.status, run.status, paint)}`,
    ...field('workflow', run.workflow_type),
    ...field('accepted', time(run.created_at)),
    ...field('started', run.started_at && time(run.started_at)),
    ...field('ended', run.finished_at && time(run.finished_at)),
    ...field('document', run.document_status && DOCUMENT[run.document_status]),
  ]
}

/** One run at any moment of its life: status, times, approvals with their text, the document, and what to know of it. */
export function runLines(sent: RunView, paint: Paint, columns: number | null): string[] {
  const run = printableAll(sent)
  const lines = headLines(run, paint)
  for (const approval of run.approvals) lines.push('', ...approvalLines(approval, run, paint, columns))
  if (run.aggregated_content !== null) lines.push('', documentView(run.aggregated_content, paint, columns).trimEnd())
  if (isWhole(run)) {
    const known = findings(run as ExecuteResponse & RunView)
    if (known.length > 0) lines.push('', paint('bold', 'To know'))
    for (const line of known) lines.push(...(columns === null ? [`- ${line}`] : wrap(`- ${line}`, columns)))
  } else if (run.results.length > 0) {
    lines.push('', `Ended so far: ${run.results.map(({ task_id, status }) => `${task_id} (${status})`).join(', ')}`)
  }
  return lines
}

/** A page of runs as a table. */
export function listLines(sent: RunList, paint: Paint): string[] {
  const { runs } = printableAll(sent)
  if (runs.length === 0) return ['No runs.']
  const width = Math.max(...runs.map(({ status }) => status.length))
  return runs.map(
    ({ run_id, workflow_type, status, created_at }) =>
      `${time(created_at)}  ${run_id}  ${paintStatus(status, status.padEnd(width), paint)}  ${workflow_type}`,
  )
}

/** What a decision has done. */
export function decisionLines(sent: ApprovalView, paint: Paint): string[] {
  const approval = printableAll(sent)
  const { task_id, diff, approval_id } = approval
  const what = task_id === null ? 'the document' : `the text of ${task_id}`
  const changes = diff === null ? [] : diff.trimEnd().split('\n')
  return [`${paint('bold', 'Approval')} ${approval_id}: ${what} ${decidedLine(approval)}`, ...changes]
}

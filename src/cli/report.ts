import type { ExecuteResponse } from '../contract/result.ts'
import type { RunAccepted } from '../contract/runs.ts'
import type { RunAnswer } from './client.ts'
import { documentView } from './document-view.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { findings } from './findings.ts'
import { measuredLines } from './measured.ts'
import { printable } from './printable.ts'
import { problemLines } from './problem.ts'
import type { Terminal } from './terminal.ts'
import { timelineLines } from './timeline.ts'
import { wrap } from './wrap.ts'

/** Of charts in a pipe, where nothing says how wide the page is. */
const PIPED_COLUMNS = 120

/** The run of an answer; null when there was none, or when a problem came without one. */
export function runOf(answer: RunAnswer): ExecuteResponse | null {
  if (answer.kind === 'response') return answer.response
  return answer.kind === 'problem' ? (answer.problem.run ?? null) : null
}

/** 0 only for a run whose every task gave a whole answer. */
export function exitOf(answer: RunAnswer): ExitCode {
  if (answer.kind === 'parked') return EXIT.waiting
  return answer.kind === 'response' && answer.response.success ? EXIT.ok : EXIT.failed
}

const SIMULATED = 'Simulated model servers, not models, wrote this text and set its pace. Not for clinical use.'

const STATUS = {
  succeeded: 'succeeded: every task gave a whole answer',
  partial: 'PARTIAL: the document is not complete',
  failed: 'FAILED: no task gave an answer',
  cancelled: 'CANCELLED before it ended',
} as const

const REFUSED = 'FAILED: no human has approved what was written'

function statusLine(run: ExecuteResponse, paint: Terminal['paint']): string {
  const colour = run.status === 'succeeded' ? 'green' : run.status === 'partial' ? 'yellow' : 'red'
  const refused = run.status === 'failed' && run.metadata.errors.some(({ code }) => code.startsWith('approval_'))
  return `${paint('bold', 'Run')} ${run.run_id} ${paint(colour, refused ? REFUSED : STATUS[run.status])}`
}

function writeRun(run: ExecuteResponse, { out, paint, columns }: Terminal): void {
  const section = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) out(`\n${paint('bold', title)}\n${lines.map((line) => `${line}\n`).join('')}`)
  }
  const list = (items: readonly string[]) =>
    items.flatMap((item) => (columns === null ? [`- ${item}`] : wrap(`- ${item}`, columns)))
  if (run.results.some((result) => result.success))
    out(`\n${documentView(run.aggregated_content, paint, columns).trimEnd()}\n`)
  out(`\n${statusLine(run, paint)}\n`)
  if (run.timeline) section('Timeline', timelineLines(run.timeline, columns ?? PIPED_COLUMNS))
  section('Measured', list(measuredLines(run)))
  section('To know', list(findings(run)))
  if (run.metadata.simulated) out(`\n${paint('yellow', SIMULATED)}\n`)
}

const NEXT: Readonly<Record<string, string>> = {
  queued: 'goes on by itself',
  running: 'goes on by itself',
  awaiting_approval: 'waits for a human',
}

/** Of a run that goes on without its caller: what to do next. */
export function acceptedLines({ run_id, status }: RunAccepted): string[] {
  const next = NEXT[status] ?? 'has ended'
  return [`Run ${run_id} ${next} (${status}).`, `See it with "cli -- runs show ${run_id}".`].map(printable)
}

/** Shows how a run ended: document, timeline, measures and findings on `out`, a problem on `err`. */
export function writeReport(answer: RunAnswer, terminal: Terminal): void {
  if (answer.kind === 'parked') terminal.out(`${acceptedLines(answer.run).join('\n')}\n`)
  const run = runOf(answer)
  if (run) writeRun(run, terminal)
  if (answer.kind !== 'problem') return
  const [title, ...rest] = problemLines(answer.problem)
  terminal.err(`\n${terminal.paintErr('red', title ?? '')}\n${rest.map((line) => `${line}\n`).join('')}`)
}

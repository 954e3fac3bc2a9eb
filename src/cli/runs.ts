import { setTimeout as pause } from 'node:timers/promises'
import type { ApprovalDecision } from '../contract/approval.ts'
import { ApprovalView, RunAccepted, RunList, type RunState, RunView } from '../contract/runs.ts'
import { RunStatus } from '../contract/status.ts'
import { type Client, type RunAnswer, readAnswer } from './client.ts'
import { readTextFile } from './context-file.ts'
import { Refused, ServiceError, UsageError } from './errors.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { showProgress, silentProgress } from './progress.ts'
import { readAs } from './read-as.ts'
import { exitOf, runOf, writeReport } from './report.ts'
import { decisionLines, listLines, runLines } from './run-view.ts'
import type { Terminal } from './terminal.ts'

export interface RunsParts {
  client: Client
  terminal: Terminal
  /** Print what the service answers, as JSON. */
  json: boolean
}

/** A service that is restarted is back within that many tries, a second apart. */
const TRIES = 30
const PAUSE_MS = 1000

const pathOf = (run_id: string, more = ''): string => `/v1/runs/${encodeURIComponent(run_id)}${more}`

function write({ terminal, json }: RunsParts, raw: unknown, lines: () => readonly string[]): ExitCode {
  terminal.out(json ? `${JSON.stringify(raw, null, 2)}\n` : `${lines().join('\n')}\n`)
  return EXIT.ok
}

export interface ListOptions {
  status: RunState | null
  workflow: string | null
  limit: number
  cursor: string | null
}

/** `runs list`: a page of the runs of the token's tenant, the newest first. */
export async function listCommand(options: ListOptions, parts: RunsParts): Promise<ExitCode> {
  const { status, workflow, limit, cursor } = options
  const query = new URLSearchParams({
    limit: `${limit}`,
    ...(status !== null && { status }),
    ...(workflow !== null && { workflow_type: workflow }),
    ...(cursor !== null && { cursor }),
  })
  const raw = await parts.client.get(`/v1/runs?${query}`)
  const list = readAs(RunList, raw, 'no list of runs')
  const { next_cursor } = list
  const exit = write(parts, raw, () => listLines(list, parts.terminal.paint))
  if (next_cursor !== null && !parts.json) parts.terminal.err(`More: --cursor ${next_cursor}\n`)
  return exit
}

/** `runs show`: one run, whatever its status. */
export async function showCommand(run_id: string, parts: RunsParts): Promise<ExitCode> {
  const raw = await parts.client.get(pathOf(run_id))
  const { paint, columns } = parts.terminal
  return write(parts, raw, () => runLines(readAs(RunView, raw, 'no run'), paint, columns))
}

/** Of one that was cancelled nobody can tell whether it was by this request. */
function cancelLine(run_id: string, status: RunState): string {
  if (status === 'cancelled') return `Run ${run_id} has ended (cancelled).`
  return RunStatus.safeParse(status).success
    ? `Run ${run_id} had already ended (${status}).`
    : `Run ${run_id} is asked to end (${status}).`
}

/** `runs cancel`. */
export async function cancelCommand(run_id: string, parts: RunsParts): Promise<ExitCode> {
  const raw = await parts.client.post(pathOf(run_id, '/cancel'), {})
  const { status } = readAs(RunAccepted, raw, 'no run')
  return write(parts, raw, () => [cancelLine(run_id, status)])
}

export interface DecisionOptions {
  comment: string | null
  /** File with the text that is approved in place of the one shown. */
  file: string | null
  /** Which one, where several wait. */
  approval: string | null
}

/** `runs approve` and `runs reject`. */
export async function decideCommand(
  run_id: string,
  decision: ApprovalDecision['decision'],
  { comment, file, approval }: DecisionOptions,
  parts: RunsParts,
): Promise<ExitCode> {
  const content = file === null ? null : await readTextFile(file, '--file')
  if (content !== null && content.trim() === '') throw new UsageError(`--file ${file}: is empty`)
  const body: ApprovalDecision = {
    decision,
    ...(comment !== null && { comment }),
    ...(content !== null && { content }),
    ...(approval !== null && { approval_id: approval }),
  }
  const raw = await parts.client.post(pathOf(run_id, '/approval'), body)
  return write(parts, raw, () => decisionLines(readAs(ApprovalView, raw, 'no approval'), parts.terminal.paint))
}

/** Whether it may be over in a moment: the connection broke, or the service is on its way out or not yet there. */
const isPassing = (error: unknown): boolean =>
  error instanceof ServiceError || (error instanceof Refused && error.problem.status === 503)

/** Follows a run to its end, over restarts of the service once it has been reached. */
async function follow(run_id: string, client: Client, onEvent: ReturnType<typeof showProgress>['onEvent']) {
  let last = 0
  let reached = false
  for (let lost = 0; ; ) {
    try {
      for await (const { id, event } of client.events(pathOf(run_id, '/events'), last)) {
        reached = true
        lost = 0
        last = id ?? last
        onEvent(event)
        if (event.event === 'run.finished') return readAnswer(event.data, 'The service')
      }
      throw new ServiceError('The service closed the connection before the run had ended')
    } catch (error) {
      if (!isPassing(error) || !reached || ++lost > TRIES) throw error
    }
    await pause(PAUSE_MS)
  }
}

/** `runs watch`: what happens in a run until it has ended, then its report. Returns the exit code of the run. */
export async function watchCommand(run_id: string, { client, terminal, json }: RunsParts): Promise<ExitCode> {
  // Line by line: a run that waits for a human may do so for days.
  const progress = json ? silentProgress() : showProgress({ ...terminal, liveColumns: null })
  let answer: RunAnswer | null = null
  try {
    answer = await follow(run_id, client, progress.onEvent)
  } finally {
    progress.end(answer === null ? null : (runOf(answer)?.total_latency_ms ?? null))
  }
  if (json) terminal.out(`${JSON.stringify(answer.raw, null, 2)}\n`)
  else writeReport(answer, terminal)
  return exitOf(answer)
}

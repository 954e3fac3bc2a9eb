import type { ExecuteInput } from '../contract/execute.ts'
import { RunAccepted } from '../contract/runs.ts'
import type { WorkflowTypes } from '../contract/views.ts'
import type { Client } from './client.ts'
import { type ChosenContext, chooseContext } from './context.ts'
import { readContextFile } from './context-file.ts'
import { UsageError } from './errors.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { printable } from './printable.ts'
import { showProgress, silentProgress } from './progress.ts'
import { readAs } from './read-as.ts'
import { acceptedLines, exitOf, runOf, writeReport } from './report.ts'
import { readTasksFile } from './tasks-file.ts'
import type { Terminal } from './terminal.ts'

export interface ContextOptions {
  /** A context file. */
  file: string | null
  /** Row of a .csv; null: not given. */
  row: number | null
  /** Values given one by one, which win over the file's. */
  set: Readonly<Record<string, string>>
}

export interface ExecuteOptions extends ContextOptions {
  type: string
  /** A file of custom tasks. */
  tasks: string | null
  priority: number | null
  timeout_ms: number | null
  /** Runs the plan a second time, one task at a time. */
  measure: boolean
  /** Accepts the run and does not wait for it. */
  background: boolean
  /** Idempotency-Key. */
  key: string | null
  json: boolean
}

/** The context that the options describe. A type that the service does not know is left to the service to refuse. */
export async function contextOf(options: ContextOptions, type: string, client: Client): Promise<ChosenContext> {
  const { file, row, set } = options
  if (file === null && row !== null) throw new UsageError('--row needs --context FILE.csv')
  if (file === null) return { context: { ...set }, notes: [] }
  const content = await readContextFile(file, row)
  const { types } = await client.types()
  return chooseContext(content, requiredOf(types, type), set)
}

const requiredOf = ({ workflows }: WorkflowTypes, type: string): readonly string[] =>
  (Object.hasOwn(workflows, type) ? workflows[type]?.required_context : undefined) ?? []

/** Sends one request, shows its progress and what came of it. Returns the exit code. */
export async function runAndReport(
  client: Client,
  request: ExecuteInput,
  { json, key }: Pick<ExecuteOptions, 'json' | 'key'>,
  terminal: Terminal,
): Promise<ExitCode> {
  const progress = json && terminal.liveColumns === null ? silentProgress() : showProgress(terminal)
  let total_ms: number | null = null
  let answer: Awaited<ReturnType<Client['execute']>>
  try {
    answer = await client.execute(request, progress.onEvent, key)
    total_ms = runOf(answer)?.total_latency_ms ?? null
  } finally {
    progress.end(total_ms)
  }
  if (json) terminal.out(`${JSON.stringify(answer.raw, null, 2)}\n`)
  else writeReport(answer, terminal)
  return exitOf(answer)
}

/** Hands a run over to the service. */
async function submit(
  client: Client,
  request: ExecuteInput,
  { json, key }: Pick<ExecuteOptions, 'json' | 'key'>,
  terminal: Terminal,
): Promise<ExitCode> {
  const headers = { prefer: 'respond-async', ...(key !== null && { 'idempotency-key': key }) }
  const raw = await client.post('/v1/workflows/execute', request, headers)
  if (json) terminal.out(`${JSON.stringify(raw, null, 2)}\n`)
  else terminal.out(`${acceptedLines(readAs(RunAccepted, raw, 'no accepted run')).join('\n')}\n`)
  return EXIT.ok
}

/** `execute TYPE`: one workflow on the service. Returns the exit code. */
export async function executeCommand(options: ExecuteOptions, client: Client, terminal: Terminal): Promise<ExitCode> {
  const { type, tasks, priority, timeout_ms, measure, background } = options
  const custom_tasks = tasks === null ? null : await readTasksFile(tasks)
  const { context, notes } = await contextOf(options, type, client)
  for (const note of notes) terminal.err(`${printable(note)}\n`)
  const request: ExecuteInput = {
    workflow_type: type,
    context,
    ...(custom_tasks !== null && { custom_tasks }),
    ...(priority !== null && { priority }),
    ...(timeout_ms !== null && { timeout_ms }),
    ...(measure && { measure: 'sequential' as const }),
  }
  return (background ? submit : runAndReport)(client, request, options, terminal)
}

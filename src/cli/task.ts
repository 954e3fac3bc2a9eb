import { TaskAnswer } from '../contract/tasks.ts'
import type { Client } from './client.ts'
import { Refused, ServiceError } from './errors.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { printable } from './printable.ts'
import { ProblemBody } from './problem.ts'
import { readAs } from './read-as.ts'
import { showTask, type TaskEvent, type Told } from './task-progress.ts'
import type { Terminal } from './terminal.ts'

export interface TaskOptions {
  task: string
  /** Null: the service's own balance. */
  prefer: 'speed' | 'quality' | 'cost' | null
  /** Asked by name; null: the service chooses. */
  model: string | null
  stream: boolean
  json: boolean
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`

/** One line of facts about an answer. */
function factsOf({ model, metadata }: TaskAnswer): string {
  const { task_type, confidence, total_latency_ms, tokens, cost, cached, simulated } = metadata
  const facts = [
    model ?? 'no model',
    ...(task_type === null ? [] : [task_type]),
    ...(confidence === null ? [] : [`choice ${Math.round(confidence * 100)} % sure`]),
    seconds(total_latency_ms),
    ...(tokens === null ? [] : [`${tokens} tokens`]),
    ...(cost === 0 ? [] : [`${cost.toFixed(6)} US dollars`]),
    ...(cached ? ['known from before'] : []),
    ...(simulated ? ['SIMULATED'] : []),
  ]
  return facts.join(' · ')
}

function tellFacts(answer: TaskAnswer, { err, paintErr }: Terminal): ExitCode {
  err(`${paintErr('dim', printable(factsOf(answer)))}\n`)
  if (answer.metadata.reasoning !== null) err(`${paintErr('dim', printable(answer.metadata.reasoning))}\n`)
  for (const warning of answer.metadata.warnings) err(`${paintErr('yellow', printable(warning))}\n`)
  if (answer.metadata.truncated) err(`${paintErr('red', 'The answer was cut by its token limit.')}\n`)
  return answer.success ? EXIT.ok : EXIT.failed
}

function problemIn(data: unknown): never {
  const problem = ProblemBody.safeParse(data)
  if (problem.success) throw new Refused(problem.data, null)
  throw new ServiceError('The task ended with neither an answer nor a problem')
}

/** The answer of a task from its events, each of which is heard as it comes. */
async function follow(body: object, client: Client, hear: (event: TaskEvent) => void): Promise<TaskAnswer> {
  for await (const event of client.postEvents('/v1/tasks', { ...body, stream: true })) {
    if (event.event !== 'done') {
      hear(event)
      continue
    }
    const answer = TaskAnswer.safeParse(event.data)
    return answer.success ? answer.data : problemIn(event.data)
  }
  throw new ServiceError('The service closed the connection before the task had ended')
}

/** Writes the text as it comes. Text that turns out not to count is said to be so: what stands on a screen cannot be taken back. */
async function streamed(body: object, client: Client, terminal: Terminal): Promise<TaskAnswer> {
  const answer = await follow(body, client, ({ event, data }) => {
    if (event !== 'content') return
    const { delta = '', reset = false } = data as Told
    if (reset) terminal.err('\n(A model server failed; the text above does not count.)\n')
    else terminal.out(printable(delta))
  })
  terminal.out('\n')
  return answer
}

/** Shows that something goes on, and writes the answer when it is whole. */
async function watched(body: object, client: Client, terminal: Terminal): Promise<TaskAnswer> {
  const progress = showTask(terminal)
  try {
    return await follow(body, client, progress.hear)
  } finally {
    progress.end()
  }
}

/** `run TASK`: one task for the model that suits it. The answer goes to stdout, everything else to stderr. */
export async function taskCommand(options: TaskOptions, client: Client, terminal: Terminal): Promise<ExitCode> {
  const { task, prefer, model, stream, json } = options
  const body = { task, ...(prefer !== null && { prefer }), ...(model !== null && { model }) }
  if (json) {
    const raw = await client.post('/v1/tasks', body)
    terminal.out(`${JSON.stringify(raw, null, 2)}\n`)
    return tellFacts(readAs(TaskAnswer, raw, 'no answer to a task'), terminal)
  }
  if (stream) return tellFacts(await streamed(body, client, terminal), terminal)
  const answer = await watched(body, client, terminal)
  terminal.out(`${printable(answer.content)}\n`)
  return tellFacts(answer, terminal)
}

import { askedIn } from '../../contract/asked.ts'
import type { ExecuteRequest } from '../../contract/execute.ts'
import type { ExecuteResponse, TaskResult } from '../../contract/result.ts'
import type { TrainingLine } from './line.ts'

export interface RunLines {
  lines: TrainingLine[]
  /** Decisions of which nothing can be learned: the task never reached a model, or its text is not in the request. */
  left_out: number
}

type Tasks = NonNullable<ExecuteRequest['custom_tasks']>

/** What a task asks for, without values of a context and answers of tools: those are the patient's data, and the choice ignores them. */
const queryOf = ({ prompt, messages = [] }: Tasks[number]): string => prompt ?? askedIn(messages)

function outcomeOf({ status, truncated }: TaskResult): TrainingLine['outcome'] | null {
  if (status === 'succeeded') return truncated ? 'truncated' : 'succeeded'
  return status === 'failed' ? 'failed' : null
}

function lineOf(query: string, result: TaskResult): TrainingLine | null {
  const { routing, model, cost = null, latency_ms, cached = false } = result
  const outcome = outcomeOf(result)
  // An answer from the cache says nothing of the model, and neither does a task that none was asked.
  if (routing === undefined || outcome === null || model === null || cached || query.trim() === '') return null
  const tried = { model, tools: routing.planned_tools, cost }
  const common = { query, task_type: routing.task_type, latency_ms }
  if (outcome === 'succeeded') return { ...common, outcome, optimal_routing: tried }
  return { ...common, outcome, optimal_routing: null, tried_routing: tried }
}

/** Every decision of a run that has ended, with what became of it. Tasks with a model of their own are no decisions. */
export function linesOfRun({ custom_tasks = [] }: ExecuteRequest, { results }: ExecuteResponse): RunLines {
  const tasks = new Map(custom_tasks.map((task) => [task.task_id, task]))
  const found: RunLines = { lines: [], left_out: 0 }
  for (const result of results) {
    if (result.routing === undefined) continue
    const task = tasks.get(result.task_id)
    const line = task === undefined ? null : lineOf(queryOf(task), result)
    if (line === null) found.left_out++
    else found.lines.push(line)
  }
  return found
}

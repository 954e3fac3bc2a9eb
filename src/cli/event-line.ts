import type { RunEvent } from '../contract/events.ts'
import { ms, plural } from './numbers.ts'
import { printable } from './printable.ts'
import { notAsked } from './progress-view.ts'
import type { Trace } from './trace.ts'

const textOf = (task_id: string | null): string => (task_id === null ? 'the document' : `the text of ${task_id}`)

function say({ event, data }: RunEvent, trace: Trace): string | null {
  switch (event) {
    case 'run.started':
      return `run ${data.run_id}: ${data.workflow_type}, ${plural(data.tasks.length, 'task')}`
    case 'run.measuring':
      return 'every task succeeded; measuring them one at a time'
    case 'run.resumed':
      return `the run goes on; ${plural(data.tasks_done, 'task')} had ended before`
    case 'run.approval_requested':
      return `${textOf(data.task_id)} waits for a human until ${data.expires_at} (approval ${data.approval_id})`
    case 'run.approval_decided':
      return `${textOf(data.task_id)} was ${data.status === 'expired' ? 'not decided on in time' : data.status}`
    case 'task.started': {
      const { task_id, attempt, model, gpu } = data
      if (data.hedge) return `${task_id} is asked a second time beside attempt ${attempt - 1}: ${model} (GPU ${gpu})`
      return `${task_id} is working on ${model} (GPU ${gpu}${attempt > 1 ? `, attempt ${attempt}` : ''})`
    }
    case 'task.retried': {
      const { task_id, attempt, code } = data
      const task = trace.get(task_id)
      if (code === 'cancelled') return `${task_id} attempt ${attempt} gave way to the other call`
      if (code === 'breaker_open') return `${task_id}: ${notAsked(task?.model ?? 'the model')}`
      return `${task_id} attempt ${attempt} failed (${code})${task?.state === 'retrying' ? ', trying again' : ''}`
    }
    case 'task.succeeded':
      return `${data.task_id} succeeded in ${ms(data.latency_ms)}${data.truncated ? ', cut by the token limit' : ''}`
    case 'task.failed':
      return `${data.task_id} failed (${data.code})`
    case 'task.skipped':
      return `${data.task_id} ${data.code === 'cancelled' ? 'cancelled' : `skipped (${data.code})`}`
    default:
      return null
  }
}

const lineAt = (at_ms: number | null, words: string): string =>
  printable(`${(at_ms === null ? '' : ms(at_ms)).padStart(10)}  ${words}`)

/** Days may lie between the parts of a run that waits for a human: those events have a date, and no time of the run. */
function timeOf({ event, data }: RunEvent): number | null {
  if ('at_ms' in data) return data.at_ms as number
  return event === 'run.started' ? 0 : null
}

/** One line for an event that is worth a line: when in the run, which task, what. Null for the others. `trace`: after it. */
export function eventLine(event: RunEvent, trace: Trace): string | null {
  const words = say(event, trace)
  if (words === null) return null
  return lineAt(timeOf(event), words)
}

/** The line of a task that has not got a permit until `at_ms`; null when it is not waiting. */
export function waitingLine(task_id: string, trace: Trace, at_ms: number): string | null {
  const task = trace.get(task_id)
  return task?.state === 'waiting' ? lineAt(at_ms, `${task_id} waits for ${task.model} (GPU ${task.gpu})`) : null
}

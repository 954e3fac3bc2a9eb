import type { RunEvent } from '../contract/events.ts'
import { ms, plural } from './numbers.ts'
import { printable } from './printable.ts'

function say({ event, data }: RunEvent): string | null {
  switch (event) {
    case 'run.started':
      return `run ${data.run_id}: ${data.workflow_type}, ${plural(data.tasks.length, 'task')}`
    case 'task.started': {
      const again = data.attempt > 1 ? `, attempt ${data.attempt}` : ''
      return `${data.task_id} is working on ${data.model} (GPU ${data.gpu}${again})`
    }
    case 'task.retried':
      return `${data.task_id} attempt ${data.attempt} failed (${data.code}), trying again`
    case 'task.succeeded':
      return `${data.task_id} succeeded in ${ms(data.latency_ms)}${data.truncated ? ', cut by the token limit' : ''}`
    case 'task.failed':
      return `${data.task_id} failed (${data.code})`
    case 'task.skipped':
      return `${data.task_id} skipped (${data.code})`
    default:
      return null
  }
}

/** One line for an event that is worth a line: when in the run, which task, what. Null for the others. */
export function eventLine(event: RunEvent): string | null {
  const words = say(event)
  if (words === null) return null
  const at = 'at_ms' in event.data ? (event.data.at_ms as number) : 0
  return printable(`${ms(at).padStart(10)}  ${words}`)
}

import { ms, seconds } from './numbers.ts'
import { printable } from './printable.ts'
import type { TaskState, TaskTrace, Trace } from './trace.ts'

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const SIGNS: Partial<Record<TaskState, string>> = { succeeded: '✓', failed: '✗', skipped: '–', cancelled: '–' }

function describe(task: TaskTrace, trace: Trace, now_ms: number): string {
  const elapsed = seconds(Math.max(0, now_ms - task.since_ms))
  switch (task.state) {
    case 'pending': {
      const open = task.dependencies.filter((id) => trace.get(id)?.state !== 'succeeded')
      return open.length === 0 ? 'about to start' : `needs ${open.join(', ')}`
    }
    case 'waiting':
      return `waiting ${elapsed} for a permit of ${task.model} (GPU ${task.gpu})`
    case 'working': {
      const { second } = task
      if (second !== null)
        return `working ${elapsed} on ${task.model} (GPU ${task.gpu}), and a second call on ${second.model} (GPU ${second.gpu})`
      const again = task.attempt > 1 ? `, attempt ${task.attempt}` : ''
      return `working ${elapsed} on ${task.model} (GPU ${task.gpu}${again})`
    }
    case 'retrying':
      return task.code === 'breaker_open'
        ? notAsked(task.model)
        : `attempt ${task.attempt} on ${task.model} failed, trying again`
    case 'succeeded':
      return `done after ${ms(task.since_ms)} on ${task.model} (GPU ${task.gpu})`
    case 'failed':
      return `failed after ${ms(task.since_ms)} (${task.code ?? 'no reason given'})`
    case 'skipped':
      return `skipped: ${task.cause ?? 'a dependency'} did not succeed`
    case 'cancelled':
      return 'cancelled'
  }
}

/** Of a call that was never sent. */
export const notAsked = (model: string): string => `${model} was not asked: left alone after repeated failures`

/** For the line below the tasks while, and after, they run once more. */
export const measuringLine = (elapsed_ms: number, columns: number): string =>
  `  measuring them one at a time: ${seconds(elapsed_ms)}`.slice(0, columns - 1)

/** One line per task, each cut to `columns`, for a screen that is redrawn. `frame` turns the sign of work in progress. */
export function progressLines(trace: Trace, now_ms: number, frame: number, columns: number): string[] {
  const tasks = [...trace.values()]
  const label = Math.max(0, ...tasks.map((task) => task.task_id.length))
  return tasks.map((task) => {
    const idle = task.state === 'pending' || task.state === 'waiting'
    const sign = SIGNS[task.state] ?? (idle ? '·' : (SPINNER[frame % SPINNER.length] as string))
    return printable(`${sign} ${task.task_id.padEnd(label)}  ${describe(task, trace, now_ms)}`).slice(0, columns - 1)
  })
}

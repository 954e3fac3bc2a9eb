import type { RunEvent } from '../../contract/events.ts'

/** Each event of a stream: the members of its data, and what it says. A name that is missing here is a compile error. */
const EVENTS: Record<RunEvent['event'], readonly [data: string, meaning: string]> = {
  'run.started': ['run_id, workflow_type, tasks[]', 'once, before all others'],
  'task.queued': ['task_id, at_ms', 'the task may run and asks for a permit'],
  'task.started': [
    'task_id, attempt, model, gpu, hedge, at_ms',
    'a call goes out; hedge: beside one that is still in flight',
  ],
  'task.delta': ['task_id, attempt, delta', 'a piece of text, to be added to those of the same attempt'],
  'task.retried': ['task_id, attempt, code, discard, at_ms', 'the attempt does not count; discard: drop its deltas'],
  'task.succeeded': ['task_id, model, latency_ms, truncated, at_ms', 'the task has its answer'],
  'task.failed': ['task_id, code, message, discard, at_ms', 'it has none: drop all its deltas'],
  'task.skipped': [
    'task_id, code, cause, discard, at_ms',
    'it never ran, or was cut because the run ended (code cancelled): drop all its deltas',
  ],
  'run.resumed': [
    'run_id, tasks_done',
    'it goes on after a restart or a decision: tasks that had not ended begin anew; drop their deltas',
  ],
  'run.approval_requested': [
    'approval_id, task_id, expires_at',
    'a text waits for a human; task_id null: the document',
  ],
  'run.approval_decided': ['approval_id, task_id, status', 'somebody has decided, or the time was over'],
  'run.parked': ['run_id, status', 'the last of this stream: the run waits for a human, see GET /v1/runs/{id}'],
  'run.measuring': ['at_ms', 'with `measure` only: the tasks run once more, without events'],
  'run.finished': [
    'the JSON response, or a Problem',
    'once, the last: a Problem (it has `code`) when the run failed, ran out of time or was stopped, with the run under `run`',
  ],
}

const description = [
  'Server-sent events, for `Accept: text/event-stream`. Each has an `id` counted from 1, an `event` and JSON as `data`.',
  'Ids of a kept run are those of its history; a last event that is not in it repeats the id before it.',
  '',
  '| event | data | meaning |',
  '|---|---|---|',
  ...Object.entries(EVENTS).map(([event, [data, meaning]]) => `| \`${event}\` | ${data} | ${meaning} |`),
].join('\n')

/** What a route that can stream its run answers beside JSON. */
export const eventStream = { 'text/event-stream': { schema: { type: 'string', description } } } as const

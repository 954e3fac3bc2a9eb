import { z } from 'zod'
import { TaskStatus } from './status.ts'

const at = z.number().describe('Milliseconds since the start of the run, to the microsecond')

export const TimelineSpan = z.object({
  kind: z
    .enum(['queue', 'attempt', 'back_off'])
    .describe('Waiting for a permit, one call to a model server, or the pause after an attempt that failed'),
  attempt: z.int().describe('Counted from 1 as in `results[].attempts`: the attempt waited for, made, or paused after'),
  model: z.string().nullable().describe('Null of a wait that was given up: which fallback it was for is not kept'),
  gpu: z.int().nullable(),
  from_ms: at,
  to_ms: at,
  outcome: z
    .string()
    .nullable()
    .describe('Of an attempt: ok, or a task error code. Of a wait or pause: null, or why it was given up'),
  sent: z.boolean().describe('Whether the model server was asked. False of every wait and pause'),
  hedge: z.boolean().describe('A second attempt beside one that was still in flight'),
})

export const TimelineTask = z.object({
  task_id: z.string(),
  agent_type: z.string(),
  status: TaskStatus,
  ready_at_ms: at.nullable().describe('When its last dependency had succeeded; null when that never came'),
  ended_at_ms: at,
  spans: z.array(TimelineSpan).describe('By start. Only those of a hedged call overlap'),
})

export const TimelineGpu = z.object({
  id: z.int(),
  busy_ms: z.number().describe('Time in which this run had at least one call in flight there, in milliseconds'),
  peak: z.int().describe('The most calls of this run in flight there at once'),
})

export const Timeline = z.object({
  total_ms: z.number().describe('Where the chart ends: wall time of the run in milliseconds'),
  tasks: z.array(TimelineTask).describe('One lane each, in plan order'),
  gpus: z.array(TimelineGpu).describe('Those that a call was sent to, by id'),
})

export type TimelineSpan = z.output<typeof TimelineSpan>
export type TimelineTask = z.output<typeof TimelineTask>
export type Timeline = z.output<typeof Timeline>

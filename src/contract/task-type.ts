import { z } from 'zod'

/** The kinds of work that a request can be, in the order of every distribution over them. */
export const TASK_TYPES = [
  'CODING',
  'REASONING',
  'EXPLORATION',
  'WRITING',
  'SIMPLE',
  'ANALYSIS',
  'CREATIVE',
  'RESEARCH',
] as const

export const TaskType = z.enum(TASK_TYPES).describe('The kind of work that a request is')

export type TaskType = z.output<typeof TaskType>

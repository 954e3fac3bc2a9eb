import { z } from 'zod'

export const TaskStatus = z.enum(['succeeded', 'failed', 'skipped', 'cancelled'])
export const RunStatus = z.enum(['succeeded', 'partial', 'failed', 'cancelled'])

export type TaskStatus = z.output<typeof TaskStatus>
export type RunStatus = z.output<typeof RunStatus>

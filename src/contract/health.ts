import { z } from 'zod'
import { BreakerState } from './roster.ts'

const Part = z.object({
  name: z.string(),
  kind: z.string(),
  ok: z.boolean(),
  /** Whether nothing works without it. */
  needed: z.boolean().describe('Whether work cannot be accepted without it'),
  reason: z.string().nullable().describe('What is wrong, or why it is not used'),
})

/** Answer of GET /v1/health: the true state of everything that the service rests on, asked for now. */
export const ServiceHealth = z.object({
  ok: z.boolean().describe('False when something that is needed is down'),
  parts: z.array(Part).describe('store, queue, memory, and whether the service accepts work'),
  models: z.array(
    z.object({
      id: z.string(),
      url: z.string(),
      gpu: z.int(),
      reachable: z.boolean().nullable().describe('By the last contact, at most some seconds ago; null: not asked yet'),
      breaker: BreakerState,
      off: z.string().nullable(),
      last_latency_ms: z.number().nullable(),
      error_rate: z.number().nullable().describe('Share of its calls that failed lately, 0 to 1'),
      memory_gb: z.number().nullable().describe('What it takes on its GPU, as its card says'),
      agents: z.array(z.string()),
    }),
  ),
})

export type HealthPart = z.output<typeof Part>
export type ServiceHealth = z.output<typeof ServiceHealth>

import { z } from 'zod'

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/, 'must be 1–128 characters of A–Z a–z 0–9 . _ : / -')
const agentName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'must be 1–64 characters of A–Z a–z 0–9 _ -')

export const RosterGpu = z.strictObject({
  id: z.int().min(0),
  name: z.string().min(1).max(128).optional(),
  max_concurrent: z.int().min(1).optional().describe('Cap on concurrent calls over all lanes of this GPU'),
})

export const RosterModel = z.strictObject({
  id,
  url: z.url({ protocol: /^https?$/ }).describe('Base URL, with /v1'),
  gpu: z.int().min(0),
  slots: z.int().min(1).max(1024).default(1),
  context_window: z.int().min(128).optional().describe('Tokens per slot, prompt and answer together'),
  served_model: z.string().min(1).max(512).optional().describe('Sent as `model` instead of the id'),
})

export const RosterAgent = z.strictObject({ model: z.string(), fallbacks: z.array(z.string()).default([]) })

/** The file that `MODELS_FILE` names, and the shape of the built-in roster. */
export const RosterFile = z.strictObject({
  gpus: z.array(RosterGpu).default([]),
  models: z.array(RosterModel).min(1),
  agents: z.record(agentName, RosterAgent),
})

export type RosterFile = z.output<typeof RosterFile>
export type RosterGpu = z.output<typeof RosterGpu>
export type RosterModel = z.output<typeof RosterModel>
export type RosterAgent = z.output<typeof RosterAgent>

export const BreakerState = z.enum(['closed', 'open', 'half_open'])
export type BreakerState = z.output<typeof BreakerState>

/** Answer of GET /v1/roster: what the table says and what is true now. */
export const RosterView = z.object({
  gpus: z.array(
    z.object({ id: z.int(), name: z.string().nullable(), max_concurrent: z.int().nullable(), busy: z.int() }),
  ),
  models: z.array(
    z.object({
      id: z.string(),
      url: z.string(),
      gpu: z.int(),
      slots: z.int(),
      context_window: z.int().nullable(),
      busy: z.int(),
      queued: z.int(),
      reachable: z.boolean().nullable().describe('By the last contact; null until there was one'),
      breaker: BreakerState,
      last_latency_ms: z.number().nullable(),
      agents: z.array(z.string()),
    }),
  ),
  agents: z.record(z.string(), z.object({ model: z.string(), fallbacks: z.array(z.string()) })),
})
export type RosterView = z.output<typeof RosterView>

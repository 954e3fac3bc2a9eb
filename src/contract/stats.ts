import { z } from 'zod'

const count = z.int()

const Counts = z.object({
  tasks: count,
  succeeded: count,
  success_rate: z.number().describe('0 to 1; 0 where there were none'),
  tokens: count.describe('As far as servers report them'),
  cost: z.number().describe('US dollars'),
  latency_ms: z.number().nullable().describe('Mean of the accepted calls; null where there were none'),
})

/** Answer of GET /v1/stats: of the caller's tenant, counted by this process since it started. */
export const Stats = z.object({
  since: z.string(),
  tasks: Counts,
  by_type: z.record(z.string(), Counts).describe('By type of task, of those whose model was chosen'),
  by_model: z.record(z.string(), Counts),
  cached: count.describe('Tasks answered without asking a model'),
  spending: z
    .array(
      z.object({
        account: z.string().describe('tenant, or caller:NAME'),
        day: z.string(),
        spent: z.number().describe('US dollars, over all replicas'),
        set_aside: z.number().describe('For calls in flight'),
        limit: z.number().nullable(),
      }),
    )
    .describe('Accounts of today that have a limit: the tenant, and the caller'),
  memory: z.object({
    available: z.boolean(),
    reason: z.string().nullable(),
    documents: count.nullable(),
    passages: count.nullable(),
  }),
})

export type Counts = z.output<typeof Counts>
export type Stats = z.output<typeof Stats>

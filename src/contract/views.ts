import { z } from 'zod'

export const WorkflowType = z.object({
  description: z.string(),
  agents: z.array(z.string()),
  execution: z.enum(['parallel', 'sequential', 'single', 'mixed']),
  parallel: z.boolean().describe('Whether any two of its tasks may run at once'),
  required_context: z.array(z.string()),
  optional_context: z.array(z.string()),
  tasks: z.array(z.object({ task_id: z.string(), agent_type: z.string(), dependencies: z.array(z.string()) })),
})

/** Answer of GET /v1/workflows/types. */
export const WorkflowTypes = z.object({ workflows: z.record(z.string(), WorkflowType), total_count: z.int() })

/** Answer of GET /v1/models/{model}, in OpenAI's shape. */
export const OneModel = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
})

/** Answer of GET /v1/models: OpenAI's list shape. */
export const ModelList = z.object({ object: z.literal('list'), data: z.array(OneModel) })

/** Answer of GET /health/ready. */
export const Readiness = z.object({
  status: z.enum(['ready', 'not_ready']),
  reasons: z.array(z.string()).describe('Why no work is accepted'),
  degraded: z.array(z.string()).describe('Models whose server could not be reached at the last contact'),
})

export const Liveness = z.object({ status: z.literal('ok') })

export type WorkflowType = z.output<typeof WorkflowType>
export type WorkflowTypes = z.output<typeof WorkflowTypes>
export type ModelList = z.output<typeof ModelList>
export type Readiness = z.output<typeof Readiness>

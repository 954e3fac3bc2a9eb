import { z } from 'zod'
import { ApprovalPolicy } from './approval.ts'
import { ChatMessage, Sampling, Tools } from './chat.ts'
import { refuseIdleWishes } from './choosing.ts'
import { Retrieve } from './citation.ts'
import { Domain, ModelTier } from './model-card.ts'
import { Prefer } from './routing.ts'
import { TaskType } from './task-type.ts'
import { WebhookUrl } from './webhook.ts'

/** setTimeout fires at once above 2^31-1 ms; a day is far below and far above any honest run. */
export const MAX_TIMEOUT_MS = 86_400_000

/** ASCII only, so that no two ids look alike and none can break a header, a log line or a prompt. */
const TASK_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/

const timeoutMs = z.int().min(1).max(MAX_TIMEOUT_MS).describe('Milliseconds, 1 to 86400000')
const priority = z.int().min(0).max(5).describe('0 (default) to 5 (most urgent)')

export const CustomTask = z
  .strictObject({
    task_id: z
      .string()
      .regex(TASK_ID, 'must be 1–128 characters of A–Z a–z 0–9 . _ : - and start with a letter or digit'),
    agent_type: z
      .string()
      .min(1)
      .max(64)
      .describe('An agent of the roster, or `auto`: the model that privacy, budget and load allow and that suits best'),
    prompt: z
      .string()
      .regex(/\S/, 'must hold text')
      .optional()
      .describe('May use {{context.key}} and {{tasks.task_id.output}}. Required unless there are `messages`'),
    messages: z
      .array(ChatMessage)
      .min(1)
      .max(1000)
      .optional()
      .describe(
        'Instead of `prompt`: a conversation, sent as it is, the last message of the user. What a tool has answered stands in <tool_response>',
      ),
    model: z.string().min(1).max(128).optional().describe('A model of the roster, which alone is asked'),
    prefer: Prefer.optional().describe('Of agent `auto`: what matters most'),
    max_cost: z
      .number()
      .min(0)
      .max(1_000_000)
      .optional()
      .describe('US dollars that its calls together may cost; one that could pass it is not sent'),
    task_type: TaskType.optional().describe(
      'Of agent `auto`: the kind of work, where it is known; else it is found out',
    ),
    task_type_by: z
      .enum(['caller', 'small_model'])
      .optional()
      .describe(
        'Whose word `task_type` is. Default caller; that of a small model counts half, the classifier’s own half',
      ),
    tiers: z.array(ModelTier).min(1).optional().describe('Of agent `auto`: only models of these tiers'),
    prefer_local: z
      .boolean()
      .optional()
      .describe(
        'Of agent `auto`: no model outside of the hospital while one inside can serve it. Default true, but for prefer quality',
      ),
    domain: Domain.optional().describe('Of agent `auto`: the field of the text, where it is known'),
    phi: z
      .boolean()
      .optional()
      .describe('false: the text holds no patient data, and may go to models outside of the hospital. Default true'),
    cache: z
      .boolean()
      .optional()
      .describe('true: the answer that your tenant got to the same prompt of the same model may be given again'),
    retrieve: Retrieve.optional().describe('Passages that go behind the prompt and come back as `citations`'),
    sampling: Sampling.optional(),
    tools: Tools.optional(),
    thinking: z
      .boolean()
      .optional()
      .describe(
        'With `tools`: true leaves what the model wrote to itself in the text, in a <think> block before all else',
      ),
    max_tokens: z.int().min(1).max(8192).default(512),
    temperature: z.number().min(0).max(2).default(0.7),
    priority: priority.default(0),
    dependencies: z.array(z.string().max(128)).default([]),
    timeout_ms: timeoutMs.optional(),
    requires_approval: z
      .boolean()
      .optional()
      .describe('Tasks that depend on it wait until a human has approved its text'),
  })
  .refine(({ prompt, messages }) => (prompt === undefined) !== (messages === undefined), {
    path: ['prompt'],
    error: 'is required, or else `messages`; not both',
  })
  .refine(({ messages }) => messages === undefined || messages.at(-1)?.role === 'user', {
    path: ['messages'],
    error: 'must end with a message of the user',
  })
  .refine(({ messages }) => messages === undefined || /\S/.test(messages.at(-1)?.content ?? ''), {
    path: ['messages'],
    error: 'must end with a message that holds text',
  })
  .refine(({ thinking, tools }) => thinking !== true || tools !== undefined, {
    path: ['thinking'],
    error: 'goes with `tools`',
  })
  .superRefine((task, issues) => {
    if (task.model !== undefined) refuseIdleWishes(task, 'the model is named', issues)
    else if (task.agent_type !== 'auto')
      refuseIdleWishes(task, 'the agent has its models; only those of `auto` are chosen', issues)
  })
  .describe('One task of a custom plan')

export const ExecuteRequest = z.strictObject({
  workflow_type: z.string().min(1).max(64),
  // Not z.json(): what JSON.parse made is JSON already, and walking a large record twice costs a millisecond.
  context: z.record(z.string(), z.unknown()).default({}).describe('Strings or any JSON, by key'),
  custom_tasks: z.array(CustomTask).min(1, 'must hold at least one task, or be left out').optional(),
  timeout_ms: timeoutMs.optional(),
  priority: priority.optional(),
  approval: ApprovalPolicy.optional(),
  webhook_url: WebhookUrl.optional(),
  max_cost: z.number().min(0).max(1_000_000).optional().describe('US dollars that the whole run may cost'),
  cache: z.boolean().optional().describe('The same as `cache` of every task'),
  measure: z
    .enum(['sequential'])
    .optional()
    .describe(
      'sequential: when every task has given a whole answer, the plan runs once more, one task at a time, for `metadata.measured`; those texts are thrown away. `timeout_ms` covers both',
    ),
})

/** What the URL of a route that runs something may ask for. */
export const RunQuery = z.strictObject({
  timeline: z
    .enum(['true', 'false'])
    .default('false')
    .describe('true: the response holds `timeline`, to be drawn: when each task waited, worked and paused, and where'),
})

export type CustomTask = z.output<typeof CustomTask>
export type ExecuteRequest = z.output<typeof ExecuteRequest>
export type RunQuery = z.output<typeof RunQuery>
/** As a caller writes it: defaults may be left out. */
export type ExecuteInput = z.input<typeof ExecuteRequest>

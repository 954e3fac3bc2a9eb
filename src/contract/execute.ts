import { z } from 'zod'
import { ApprovalPolicy } from './approval.ts'
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
    agent_type: z.string().min(1).max(64),
    prompt: z.string().regex(/\S/, 'must hold text').describe('May use {{context.key}} and {{tasks.task_id.output}}'),
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

import { z } from 'zod'
import { ExecuteResponse } from '../contract/result.ts'
import { printable } from './printable.ts'

/** An `application/problem+json` body (RFC 9457) as the service writes it. */
export const ProblemBody = z.object({
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  instance: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).default([]),
  /** Of a run that was started: what it has. */
  run: ExecuteResponse.optional(),
  /** Seconds; of a problem that ends a stream, which has no headers any more. */
  retry_after_s: z.int().positive().optional(),
})

export type ProblemBody = z.output<typeof ProblemBody>

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

/**
 * A problem as sentences: what, why, field by field, when to try again, and the request id to ask the operator about.
 * `retry_after_s`: of its Retry-After; null when there was none. Without it counts what the problem itself says.
 */
export function problemLines(problem: ProblemBody, retry_after_s: number | null = null): string[] {
  const { title, status, code, detail, instance, errors } = problem
  const again_s = retry_after_s ?? problem.retry_after_s
  const lines = [`${sentence(title)} (${status} ${code})`, sentence(detail)]
  for (const { field, message } of errors) lines.push(`  - ${field}: ${message}`)
  if (again_s !== undefined) lines.push(`Try again in ${again_s} s.`)
  if (instance !== undefined) lines.push(`Request id: ${instance}`)
  return lines.map(printable)
}

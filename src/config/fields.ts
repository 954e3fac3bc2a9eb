import { z } from 'zod'

/** Kinds of environment variables. None of their messages repeats what was given: it may be a secret. */

export const text = z.string().trim().min(1)

export const int = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be a whole number from ${min} to ${max}`)

/** A share of the whole, 0 to 1. */
export const share = z
  .string()
  .regex(/^(0|1|[01]?\.\d{1,6})$/, 'must be a number from 0 to 1')
  .transform(Number)
  .refine((n) => n <= 1, 'must be a number from 0 to 1')

export const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
)

/** 32 bytes: an HMAC with SHA-256 is no stronger than its key. */
export const secret = text.refine((value) => Buffer.byteLength(value) >= 32, 'must be at least 32 bytes')

export const json = <T extends z.ZodType>(shape: T, example: string) =>
  z
    .string()
    .transform((value, ctx) => {
      try {
        return JSON.parse(value) as unknown
      } catch {
        ctx.addIssue({ code: 'custom', message: `must be JSON, for example ${example}` })
        return z.NEVER
      }
    })
    .pipe(shape)

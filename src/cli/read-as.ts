import type { z } from 'zod'
import { ServiceError } from './errors.ts'

/** What the service sent, as what it should be. Throws a ServiceError that says `what` is missing. */
export function readAs<T extends z.ZodType>(schema: T, raw: unknown, what: string): z.output<T> {
  const parsed = schema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw new ServiceError(`The service does not answer as Consilium does: ${what}. Check --url.`)
}

import { z } from 'zod'
import { Problem } from '../../../src/errors.ts'

/** What the headers of a request say about how it wants to be run. */
export interface Submission {
  respond_async: boolean
  idempotency_key: string | null
}

/** Visible ASCII, so that a key is the same text for every client and proxy. */
const KEY = /^[\x21-\x7e]{1,255}$/
const RESPOND_ASYNC = /(?:^|,)\s*respond-async\s*(?:;[^,]*)?(?:,|$)/i

const one = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value

/** Reads `Prefer` (RFC 7240) and `Idempotency-Key`. Throws a Problem when the key is none. */
export function readSubmission(headers: Readonly<Record<string, string | string[] | undefined>>): Submission {
  const key = one(headers['idempotency-key'])
  if (key !== undefined && !KEY.test(key))
    throw new Problem('invalid_request', 'The Idempotency-Key is not valid; see errors.', {
      errors: [
        { field: 'Idempotency-Key', message: 'must be 1–255 visible ASCII characters without spaces, sent once' },
      ],
    })
  return { respond_async: RESPOND_ASYNC.test(one(headers.prefer) ?? ''), idempotency_key: key ?? null }
}

/** Headers that a route which runs something takes, for its description. */
export const SUBMISSION_HEADERS = z.looseObject({
  prefer: z.string().optional().describe('`respond-async`: answer 202 at once; the run goes on and is kept'),
  'idempotency-key': z
    .string()
    .optional()
    .describe('1–255 visible ASCII characters. The same key and body give the same run, however often they are sent'),
})

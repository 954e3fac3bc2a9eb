import type { z } from 'zod'
import { innermost } from '../../contract/innermost.ts'
import { plural, say } from '../../contract/say.ts'
import { type FieldError, Problem } from '../../errors.ts'

/** Errors listed at most; the rest is only counted. */
const MAX_ERRORS = 20
const MAX_KEYS = 5

/** What Fastify calls the parts of a request, in the words of a caller. */
const PARTS: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
}

/** A key that reads like a field name. Any other may be a value in the wrong place, and is not repeated. */
const isName = (key: string) => /^[A-Za-z_$][\w$-]{0,63}$/.test(key)

/** `custom_tasks[3].priority`; `whole` for the thing itself. */
export function fieldPath(path: readonly PropertyKey[], whole: string): string {
  let field = ''
  for (const key of path) {
    if (typeof key === 'number') field += `[${key}]`
    else field += `${field === '' ? '' : '.'}${typeof key === 'string' && isName(key) ? key : '*'}`
  }
  return field || whole
}

function fieldErrors(issues: readonly z.core.$ZodIssue[], whole: string): FieldError[] {
  return issues.slice(0, MAX_ERRORS).flatMap((issue) => {
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, MAX_KEYS).map((key) => [key]) : [[]]
    return paths.map((rest) => ({ field: fieldPath([...issue.path, ...rest], whole), message: issue.message }))
  })
}

/**
 * A Fastify validator for one part of a request. On a mismatch it returns an `invalid_request` problem that names each
 * field and what to do about it, never a value.
 * @param httpPart `body`, `querystring`, `params` or `headers`
 */
export function validatorFor(schema: z.ZodType, httpPart: string | undefined) {
  const part = PARTS[httpPart ?? ''] ?? 'request'
  return (data: unknown): { value: unknown } | { error: Problem } => {
    // Fastify hands a missing body over as null.
    const parsed = schema.safeParse(data ?? undefined, { error: say })
    if (parsed.success) return { value: parsed.data }
    const issues = parsed.error.issues.flatMap(innermost)
    const errors = fieldErrors(issues, part)
    const [first] = errors
    const more = issues.length > 1 ? ` (and ${plural(issues.length - 1, 'more error')})` : ''
    const detail = `The ${part} is not valid: ${first?.field} ${first?.message}${more}.`
    return { error: new Problem('invalid_request', detail, { errors }) }
  }
}

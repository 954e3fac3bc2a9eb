import type { z } from 'zod'
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

const plural = (count: number | bigint, word: string) => `${count} ${word}${Number(count) === 1 ? '' : 's'}`

function bound(origin: string, limit: number | bigint, inclusive: boolean, most: boolean): string {
  if (origin === 'string') return `must have ${most ? 'at most' : 'at least'} ${plural(limit, 'character')}`
  if (origin === 'array' || origin === 'set')
    return `must have ${most ? 'at most' : 'at least'} ${plural(limit, 'item')}`
  if (inclusive) return `must be ${limit} or ${most ? 'less' : 'more'}`
  return `must be ${most ? 'less' : 'more'} than ${limit}`
}

const article = (type: string) => {
  if (type === 'int' || type === 'number' || type === 'nan')
    return `a ${type === 'int' ? 'whole number' : 'finite number'}`
  if (type === 'record') return 'an object'
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

/** What to do about an issue. Never the value. A schema's own message goes before this one. */
const say: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${article(issue.expected)}`
    case 'too_small':
      return bound(issue.origin, issue.minimum, issue.inclusive !== false, false)
    case 'too_big':
      return bound(issue.origin, issue.maximum, issue.inclusive !== false, true)
    case 'invalid_value':
      return issue.input === undefined
        ? 'is required'
        : `must be one of ${issue.values.map((v) => JSON.stringify(v)).join(', ')}`
    case 'invalid_format':
      return `must be a valid ${issue.format === 'regex' ? 'value: see the API description' : issue.format}`
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    case 'unrecognized_keys':
      return 'is not a known field: remove it, or check its spelling'
    default:
      return 'is not valid: see the API description'
  }
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
    const { issues } = parsed.error
    const errors = fieldErrors(issues, part)
    const [first] = errors
    const more = issues.length > 1 ? ` (and ${plural(issues.length - 1, 'more error')})` : ''
    const detail = `The ${part} is not valid: ${first?.field} ${first?.message}${more}.`
    return { error: new Problem('invalid_request', detail, { errors }) }
  }
}

import type { z } from 'zod'

export const plural = (count: number | bigint, word: string) => `${count} ${word}${Number(count) === 1 ? '' : 's'}`

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

/** What to do about an issue of a request. Never the value. A schema's own message goes before this one. */
export const say: z.core.$ZodErrorMap = (issue) => {
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

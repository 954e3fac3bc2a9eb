import { z } from 'zod'

/** What a value of a file must be, in words of the environment's checks. */
export const must = (be: string) => ({
  error: ({ input }: { input?: unknown }) => (input === undefined ? `is missing; it must be ${be}` : `must be ${be}`),
})

export const whole = (min: number, max?: number) => {
  const be = must(max === undefined ? `a whole number, ${min} or more` : `a whole number from ${min} to ${max}`)
  const least = z.int(be).min(min, be)
  return max === undefined ? least : least.max(max, be)
}

export const number = (min: number, max: number) => {
  const be = must(`a number from ${min} to ${max}`)
  return z.number(be).min(min, be).max(max, be)
}

export const text = (max: number) => {
  const be = must(`text of 1 to ${max} characters`)
  return z.string(be).min(1, be).max(max, be)
}

export const plain = (pattern: RegExp, be: string) => z.string(must(be)).regex(pattern, must(be))

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, must(`one of ${values.join(', ')}`))

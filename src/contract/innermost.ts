import type { z } from 'zod'

type Issue = z.core.$ZodIssue

/** Of another kind than this alternative is about. */
const isOtherKind = ({ code, path }: Issue): boolean => code === 'invalid_type' && path.length === 0

/**
 * What is wrong within a value that fits none of several alternatives: the issues of the one that it was meant for, as far as
 * its kind tells (a list, an object, a text); else what each would take. Any other issue is itself.
 */
export function innermost(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue]
  const alternatives = issue.errors.map((issues) => issues.flatMap(innermost))
  const meant = alternatives.filter((issues) => !issues.some(isOtherKind))
  const [nearest] = meant.toSorted((a, b) => a.length - b.length)
  if (nearest !== undefined) return nearest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
  const messages = new Set(alternatives.flatMap((issues) => issues.map(({ message }) => message)))
  return [{ ...issue, message: [...messages].join(', or ') }]
}

import type { z } from 'zod'
import type { FieldError } from '../errors.ts'
import { shownKey } from './shown.ts'

const MOST = 20

/** `custom_tasks[3].priority`, as a caller would write it. */
const fieldName = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (name, part) =>
      typeof part === 'number' ? `${name}[${part}]` : `${name}${name === '' ? '' : '.'}${shownKey(String(part))}`,
    '',
  )

/**
 * What zod found, field by field, at most 20. Messages are zod's own: they say what was expected and never repeat the
 * value. Unknown members are named one by one, `*` where the name may be clinical text. `whole` names what was read.
 */
export function fieldErrors(issues: readonly z.core.$ZodIssue[], whole = '(body)'): FieldError[] {
  return issues
    .flatMap((issue) => {
      const field = fieldName(issue.path)
      if (issue.code !== 'unrecognized_keys') return [{ field: field || whole, message: issue.message }]
      return issue.keys.map((key) => ({
        field: field === '' ? shownKey(key) : `${field}.${shownKey(key)}`,
        message: 'is not a known member; check its spelling',
      }))
    })
    .slice(0, MOST)
}

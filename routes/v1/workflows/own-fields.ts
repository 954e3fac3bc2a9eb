import { Problem } from '../../../src/errors.ts'

/** Member of a run's task → what the body of a route calls it; the others have the same name in both. */
export type FieldNames = Readonly<Record<string, string>>

const OF_THE_TASK = /^custom_tasks\[0\]\.(\w+)/

/** A refusal of a run of one task in the words of its route, whose caller has sent no `custom_tasks`. */
export function inOwnFields(problem: Problem, names: FieldNames): Problem {
  const { code, detail, options } = problem
  if (options.errors?.some(({ field }) => OF_THE_TASK.test(field)) !== true) return problem
  const errors = options.errors.map(({ field, message }) => ({
    field: field.replace(OF_THE_TASK, (_, name: string) => names[name] ?? name),
    message,
  }))
  return new Problem(code, detail, { ...options, errors })
}

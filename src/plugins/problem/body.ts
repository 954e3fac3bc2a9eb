import type { FieldError, Problem } from '../../errors.ts'

/** What goes over the wire for a refusal (RFC 9457), besides the members that a problem adds. */
export interface ProblemBody {
  type: string
  title: string
  status: number
  code: string
  detail: string
  instance: string
  errors: readonly FieldError[]
  [member: string]: unknown
}

/** `type` of a problem: a stable name of its code. A URN, because the service has no public address to dereference. */
export const problemType = (code: string): string => `urn:consilium:problem:${code}`

/** The same refusal as OpenAI's clients read it. */
export const openAiError = ({ detail, status, errors, code }: ProblemBody) => ({
  message: [detail, ...errors.map(({ field, message }) => `${field}: ${message}`)].join(' '),
  type: status >= 500 ? 'server_error' : 'invalid_request_error',
  param: errors[0]?.field ?? null,
  code,
})

/**
 * The body of a problem+json answer. `instance` is the request id. Members that a problem adds never replace a
 * standard one.
 */
export function problemBody(problem: Problem, instance: string): ProblemBody {
  return {
    ...problem.options.members,
    type: problemType(problem.code),
    title: problem.title,
    status: problem.status,
    code: problem.code,
    detail: problem.detail,
    instance,
    errors: problem.options.errors ?? [],
  }
}

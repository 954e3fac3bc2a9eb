import { PROBLEMS, type ProblemCode } from '../../errors.ts'

const PROBLEM_REF = { $ref: '#/components/schemas/Problem' }

/** The schema of every problem+json answer. */
export const problemSchema = {
  type: 'object',
  description: 'RFC 9457. Never holds clinical text outside of `run`, which is the caller’s own.',
  required: ['type', 'title', 'status', 'code', 'detail', 'instance', 'errors'],
  properties: {
    type: { type: 'string', description: 'urn:consilium:problem:CODE' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(PROBLEMS) },
    detail: { type: 'string', description: 'What is wrong and what to do about it' },
    instance: { type: 'string', description: 'The request id, as in the log of the service' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: { field: { type: 'string' }, message: { type: 'string' } },
      },
    },
    run: {
      type: 'object',
      description:
        'Of run_failed, run_timeout, and of not_ready where the service was stopped: the run with the results that there are',
    },
    estimate: {
      type: 'object',
      description: 'Of overloaded where it was refused by estimate: milliseconds, null where nothing is known',
      properties: { wait_ms: { type: ['integer', 'null'] }, finish_ms: { type: ['integer', 'null'] } },
    },
    retry_after_s: {
      type: 'integer',
      description: 'Seconds, where the problem ends a stream and no header can say it any more',
    },
    routing: {
      type: 'object',
      description: 'Of no_model and models_away: the kind of the task, and why each model may not serve it',
    },
    error: {
      type: 'object',
      description: 'Of the routes in OpenAI’s shape: the same as its clients read it',
      properties: {
        message: { type: 'string' },
        type: { type: 'string' },
        param: { type: ['string', 'null'] },
        code: { type: 'string' },
      },
    },
  },
} as const

const byStatus = Map.groupBy(Object.entries(PROBLEMS), ([, { status }]): number => status)

/** A documented problem answer of this status, with the codes that it may carry. */
function answer(status: number) {
  const codes = (byStatus.get(status) ?? []).map(([code]) => `\`${code}\``).join(', ')
  return {
    description: `Problem: ${codes}`,
    ...(status === 429 || status === 503
      ? { headers: { 'Retry-After': { description: 'Seconds', schema: { type: 'integer' } } } }
      : {}),
    content: { 'application/problem+json': { schema: PROBLEM_REF } },
  }
}

const always: readonly ProblemCode[] = ['internal_error', 'overloaded']
const guarded: readonly ProblemCode[] = ['unauthorized', 'forbidden', 'rate_limited']
const withInput: readonly ProblemCode[] = ['invalid_request']
const withBody: readonly ProblemCode[] = ['body_too_large', 'unsupported_media_type']

export interface Operation {
  isPublic: boolean
  hasInput: boolean
  hasBody: boolean
  /** Problems of the route itself. */
  own: readonly ProblemCode[]
}

/** Every problem that the gate or the route may answer an operation with, by status. */
export function problemResponses(operation: Operation) {
  const codes = [
    ...always,
    ...(operation.isPublic ? [] : guarded),
    ...(operation.hasInput ? withInput : []),
    ...(operation.hasBody ? withBody : []),
    ...operation.own,
  ]
  const statuses = codes.map((code) => PROBLEMS[code].status).sort((a, b) => a - b)
  return Object.fromEntries(statuses.map((status) => [String(status), answer(status)]))
}

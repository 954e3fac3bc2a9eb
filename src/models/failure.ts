import { TASK_ERRORS, type TaskErrorCode } from '../errors.ts'
import type { ExchangeFault } from './exchange.ts'
import type { Failure } from './port.ts'

interface Details {
  message?: string
  transient?: boolean
  retry_after_ms?: number | null
  overslept?: boolean
}

/** A failure of one attempt. Without a message of its own it carries the code's sentence. */
export function failure(code: TaskErrorCode, latency_ms: number, details: Details = {}): Failure {
  return { ok: false, code, message: TASK_ERRORS[code], transient: false, retry_after_ms: null, latency_ms, ...details }
}

/** Why there was no answer, as a failure. Connection failures may pass; a timeout would only cost the same time again. */
export function failureOfFault(reason: ExchangeFault, latency_ms: number): Failure {
  switch (reason) {
    case 'cancelled':
      return failure('cancelled', latency_ms)
    case 'timeout':
      return failure('upstream_timeout', latency_ms)
    case 'overslept':
      return failure('upstream_timeout', latency_ms, {
        message:
          'This service stood still for a while, and then the model server did not answer in the time left for it.',
        overslept: true,
      })
    case 'too_late':
      return failure('task_timeout', latency_ms, {
        message: 'The time is over, and for some of it this service stood still.',
      })
    case 'stalled':
      return failure('upstream_timeout', latency_ms, {
        message: 'The model server stopped in the middle of its answer.',
      })
    case 'unreachable':
      return failure('upstream_unreachable', latency_ms, { transient: true })
    case 'broken':
      return failure('bad_upstream_response', latency_ms, {
        message: 'The connection to the model server broke while it was answering.',
        transient: true,
      })
    case 'too_large':
      return failure('response_too_large', latency_ms)
  }
}

const OVERFLOW_TYPES: readonly unknown[] = ['exceed_context_size_error', 'context_length_exceeded']

/** Whether one of a server's own error types and codes says that the prompt does not fit. */
export const isOverflow = (types: readonly unknown[]): boolean => types.some((type) => OVERFLOW_TYPES.includes(type))

export const STREAM_ERROR = 'The model server reported an error in the middle of its answer.'

/** What a status other than 200 means. `types` are the server's own error type and code, compared and never repeated. */
export function failureOfStatus(
  status: number,
  latency_ms: number,
  retry_after_ms: number | null,
  types: readonly unknown[],
): Failure {
  if (status === 429) return failure('rate_limited', latency_ms, { transient: true, retry_after_ms })
  if (status >= 500) {
    const message = `${SERVER_ERRORS[status] ?? 'The model server reported that it could not answer'} (status ${status}).`
    return failure('upstream_error', latency_ms, { message, transient: true, retry_after_ms })
  }
  if (status < 300)
    return failure('bad_upstream_response', latency_ms, {
      message: `The model server answered with status ${status}, which holds no chat completion.`,
    })
  if (isOverflow(types)) return failure('context_overflow', latency_ms)
  return failure('upstream_rejected', latency_ms, { message: rejection(status) })
}

/** Statuses of 500 and above that say more than that something went wrong. */
const SERVER_ERRORS: Readonly<Record<number, string>> = {
  500: 'The model server reported an internal error',
  502: 'A gateway in front of the model server got no usable answer from it',
  503: 'The model server is overloaded, loading its model or restarting',
  504: 'A gateway in front of the model server got no answer from it in time',
}

function rejection(status: number): string {
  if (status === 401 || status === 403)
    return `Configuration error: the model server refused our credentials (status ${status}). Check its entry in MODEL_API_KEYS.`
  if (status === 404)
    return 'Configuration error: the model server does not know the path or the model (status 404). Check its url and served_model.'
  if (status >= 300 && status < 400)
    return `The model server redirected (status ${status}); redirects are not followed. Check its url.`
  return `The model server rejected the request (status ${status}).`
}

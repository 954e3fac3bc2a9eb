import { storeProblem } from '../../contract/store-problem.ts'
import { Problem, type ProblemCode, StoreError } from '../../errors.ts'

type Entry = readonly [code: ProblemCode, detail: string]

const badJson =
  'The body must be one JSON value, without the keys __proto__ and constructor.prototype. Check it with a JSON parser.'

/** Errors that Fastify raises by itself, by its code. Their own messages may quote input, so none is passed on. */
const FASTIFY: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  ['FST_ERR_CTP_EMPTY_JSON_BODY', ['invalid_request', 'The body is empty. Send a JSON object.']],
  ['FST_ERR_CTP_INVALID_JSON_BODY', ['invalid_request', badJson]],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', ['invalid_request', 'The body is not as long as Content-Length says.']],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', ['unsupported_media_type', 'Send the body as Content-Type: application/json.']],
  [
    'FST_ERR_ROUTE_MISSING_CONTENT_TYPE',
    ['unsupported_media_type', 'Send the body as Content-Type: application/json.'],
  ],
  ['FST_ERR_BAD_URL', ['invalid_request', 'The path is not a valid URL: check its percent-encoding.']],
  ['FST_ERR_MAX_PARAM_LENGTH', ['not_found', 'There is nothing at this address.']],
  ['FST_ERR_NOT_FOUND', ['not_found', 'There is nothing at this address.']],
  ['FST_UNDER_PRESSURE', ['overloaded', 'The service is overloaded. Try again shortly.']],
])

/** For a library's client error whose code is not in the table. */
const BY_STATUS: ReadonlyMap<number, Entry> = new Map<number, Entry>([
  [400, ['invalid_request', 'The request is not valid.']],
  [404, ['not_found', 'There is nothing at this address.']],
  [413, ['body_too_large', 'The body is larger than this service accepts.']],
  [415, ['unsupported_media_type', 'Send the body as Content-Type: application/json.']],
  [429, ['rate_limited', 'Too many requests. Try again later.']],
])

const RETRY_AFTER_S = 1
const retry = (code: ProblemCode) =>
  code === 'overloaded' || code === 'rate_limited' ? { retryAfterS: RETRY_AFTER_S } : {}

interface FastifyLike {
  code: string
  statusCode?: number
}

const isFastifyError = (error: unknown): error is FastifyLike =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('FST_')

/**
 * The problem that an error stands for, or null when it is a fault of ours (500). Only errors that Fastify raised are
 * believed about their status: a `statusCode` on any other error may come from a model server.
 * @param bodyLimit bytes that a body may have on this route, named when it has more
 */
export function describeError(error: unknown, bodyLimit: number | undefined): Problem | null {
  if (error instanceof Problem) return error
  if (error instanceof StoreError) return storeProblem(error)
  if (!isFastifyError(error)) return null
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    const most = bodyLimit === undefined ? '' : ` Send at most ${bodyLimit} bytes.`
    return new Problem('body_too_large', `The body is larger than this service accepts.${most}`)
  }
  const entry = FASTIFY.get(error.code) ?? BY_STATUS.get(error.statusCode ?? 0)
  return entry === undefined ? null : new Problem(entry[0], entry[1], retry(entry[0]))
}

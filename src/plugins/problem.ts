import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { safeError } from '../contract/safe-error.ts'
import { Problem, type ProblemCode, StoreError } from '../errors.ts'
import { openAiError, problemBody } from './problem/body.ts'
import { describeError } from './problem/describe.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Problems hold `error` too, in the shape that OpenAI's clients read. */
    openAiErrors?: boolean
  }
  interface FastifyInstance {
    /** The problem+json body of a Problem, for answers that are no plain response (an event, a stored run). */
    problemBody: typeof problemBody
  }
  interface FastifyReply {
    /** The code of the problem that was answered, for logs and counters; null for every other answer. */
    problemCode: ProblemCode | null
  }
}

/** Also at an address of their own that is not there: they look for more than is served here. */
const readByOpenAiClients = ({ routeOptions, is404, url }: FastifyRequest): boolean =>
  routeOptions.config?.openAiErrors === true || (is404 && url.startsWith('/v1/'))

const nothingHere = () => new Problem('not_found', 'There is nothing at this address with this method.')

const fault = () =>
  new Problem('internal_error', 'The service failed on this request. Its log says where, under this instance.')

/**
 * Sent as bytes: neither a route's response schema nor its serializer can take anything away, and Fastify adds no
 * charset, which this media type does not have.
 */
function send(reply: FastifyReply, problem: Problem, instance: string): void {
  const body = problemBody(problem, instance)
  reply.problemCode = problem.code
  reply.code(problem.status).header('content-type', 'application/problem+json')
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  const { retryAfterS } = problem.options
  if (retryAfterS !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(retryAfterS)))
  // OpenAI's clients ask a 429 again by themselves; the budget would be the same.
  if (problem.code === 'budget_exceeded') reply.header('x-should-retry', 'false')
  const also = readByOpenAiClients(reply.request) ? { error: openAiError(body) } : null
  reply.send(Buffer.from(JSON.stringify(also === null ? body : { ...body, ...also })))
}

/** The client left while it was still sending: nobody reads the answer, and nothing of ours failed. */
const hungUp = (request: FastifyRequest): boolean => request.raw.destroyed && !request.raw.complete

function explain(error: unknown, request: FastifyRequest): Problem {
  const known = describeError(error, request.routeOptions.bodyLimit)
  // What passes with a 503 must still be found: the answer does not say what the store met.
  if (error instanceof StoreError && known?.status === 503)
    request.log.warn({ failure: safeError(error) }, 'the store failed')
  if (known !== null) return known
  if (hungUp(request)) return new Problem('invalid_request', 'The connection closed before the body was complete.')
  request.log.error({ failure: safeError(error) }, 'a request failed on a fault of the service')
  return fault()
}

/**
 * For Fastify's `frameworkErrors`: a path that cannot be decoded or holds an overlong parameter is refused before
 * hooks and error handlers run.
 */
export function frameworkErrors(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  send(reply, explain(error, request), String(request.id))
}

/** Turns every error of every route, and every unknown address, into application/problem+json. */
export default fp(
  async (app) => {
    app.decorate('problemBody', problemBody)
    app.decorateReply('problemCode', null)
    app.setErrorHandler((error, request, reply) => send(reply, explain(error, request), String(request.id)))
    app.setNotFoundHandler((request, reply) => send(reply, nothingHere(), String(request.id)))
    // Refused before its body is read: an unknown address needs no token, so it must not cost memory either. After all
    // onRequest hooks, whatever the order of registration, so that the answer has the headers of every other.
    app.addHook('preParsing', (request, _reply, payload, done) => {
      if (request.is404) done(nothingHere())
      else done(null, payload)
    })
  },
  { name: 'problem', fastify: '5.x' },
)

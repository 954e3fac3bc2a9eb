import rateLimit from '@fastify/rate-limit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AuditDesk, AuditedRead, AuditFacts } from '../contract/audit.ts'
import { Problem } from '../errors.ts'
import { objectOf, outcomeOf } from './audit/subject.ts'

declare module 'fastify' {
  interface FastifyInstance {
    audit: AuditDesk
  }
  interface FastifyRequest {
    /** Ids and counts beside what every entry of the route says. Never clinical text. */
    auditFacts: AuditFacts | null
    /** Whether the entry of this request has been written or tried. */
    noted: boolean
    /**
     * Writes the entry of the route's `config.audit` now. For answers that do not go through `reply.send`, before their
     * first byte; all others are noted by themselves. Throws a Problem `not_ready`: then nothing may be shown.
     */
    noteAccess: () => Promise<void>
  }
  interface FastifyContextConfig {
    /** What a request to this route is noted as, before its answer goes out. For routes that change nothing. */
    audit?: AuditedRead
  }
}

const notReady = () =>
  new Problem('not_ready', 'The request could not be recorded, so it was not answered. Try again shortly.', {
    retryAfterS: 2,
  })

/** Of a refusal on a route that its caller may not see: the action is none of the route's own. */
const DENIED = 'access'

/**
 * Notes who was shown what, and who was denied it, before the answer goes out. No audit, no answer: when an entry cannot
 * be written, a 503 goes out instead. A refusal stays one in any case. Public routes are not noted.
 */
export default fp<{ desk: AuditDesk }>(
  async (app, { desk }) => {
    const note = (request: FastifyRequest, outcome: string): Promise<void> => {
      request.noted = true
      const { authenticated, auditFacts, routeOptions, params, method, id } = request
      const act = {
        action: routeOptions.config.audit ?? DENIED,
        object: objectOf(routeOptions.url ?? '(none)', (params ?? {}) as Record<string, unknown>),
        outcome,
        details: { request_id: id, route: `${method} ${routeOptions.url}`, ...auditFacts },
      }
      return authenticated === null
        ? // An IPv6 address stands for its /64, as where failures are counted.
          desk.noteStranger(rateLimit.normalizeIP(request.ip), act)
        : desk.note(authenticated.tenant, { ...act, actor: authenticated.subject })
    }

    const refuse = (reply: FastifyReply, payload: unknown): Buffer => {
      const problem = notReady()
      ;(payload as { destroy?: () => void } | null)?.destroy?.()
      reply.problemCode = problem.code
      reply.code(problem.status).header('content-type', 'application/problem+json')
      reply.header('retry-after', problem.options.retryAfterS).removeHeader('content-length')
      return Buffer.from(JSON.stringify(app.problemBody(problem, reply.request.id)))
    }

    app.decorate('audit', desk)
    app.decorateRequest('auditFacts', null)
    app.decorateRequest('noted', false)
    app.decorateRequest('noteAccess', function () {
      return note(this, 'ok').catch(() => {
        throw notReady()
      })
    })
    app.addHook('onSend', (request, reply, payload, done) => {
      const { config } = request.routeOptions
      if (request.noted || request.is404 || config.public === true) return done()
      const outcome = outcomeOf(reply.statusCode, reply.problemCode, config.audit !== undefined)
      if (outcome === null) return done()
      const isDenied = outcome.startsWith('denied')
      note(request, outcome).then(
        () => done(null, payload),
        // The desk has logged and counted it. A denial shows nothing that would have to be held back.
        () => done(null, isDenied ? payload : refuse(reply, payload)),
      )
    })
  },
  { name: 'audit', fastify: '5.x', dependencies: ['auth', 'problem'] },
)

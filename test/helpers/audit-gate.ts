import sse from '@fastify/sse'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import { onTestFinished } from 'vitest'
import auditExport from '../../routes/v1/audit/export.ts'
import auditList from '../../routes/v1/audit/list.ts'
import auditVerify from '../../routes/v1/audit/verify.ts'
import { type AuditDeskOptions, StoreAuditDesk } from '../../src/archive/audit-desk.ts'
import { Problem } from '../../src/errors.ts'
import audit from '../../src/plugins/audit.ts'
import auth from '../../src/plugins/auth.ts'
import problem, { frameworkErrors } from '../../src/plugins/problem.ts'
import rateLimit from '../../src/plugins/rate-limit.ts'
import serializer from '../../src/plugins/serializer.ts'
import type { Store } from '../../src/store/port.ts'
import { createLogger } from '../../src/telemetry/log.ts'
import { bearer, claims, hmacToken, SECRET } from './gate-tokens.ts'

export const HEAD_KEY = Buffer.alloc(32, 7)

/** What the desk told its metrics. */
export interface Watched {
  entries: number
  broken: number
  sealFailed: number
  noteFailed: number
}

export interface AuditSubject {
  desk: StoreAuditDesk
  watched: Watched
  lines: Record<string, unknown>[]
}

/** A desk on a store, neither started nor stopped. */
export function openDesk(store: Store, options: Partial<AuditDeskOptions> = {}): AuditSubject {
  const watched = { entries: 0, broken: 0, sealFailed: 0, noteFailed: 0 }
  const lines: Record<string, unknown>[] = []
  const log = createLogger('trace', { write: (text) => void lines.push(JSON.parse(text)) })
  const desk = new StoreAuditDesk({
    store,
    headFile: null,
    headKey: null,
    watch: {
      entries: (count) => {
        watched.entries += count
      },
      broken: (chains) => {
        watched.broken = chains
      },
      sealFailed: () => void watched.sealFailed++,
      noteFailed: () => void watched.noteFailed++,
    },
    log: (level, facts, message) => log[level](facts, message),
    ...options,
  })
  return { desk, watched, lines }
}

/** Reads runs that it is told of, so that there is something to be noted. */
function runRoutes(app: FastifyInstance, runs: ReadonlySet<string>): void {
  const read = { scope: 'runs:read', audit: 'run.read' } as const
  app.get('/v1/runs/:run_id', { config: read }, async (request) => {
    const { run_id } = request.params as { run_id: string }
    if (!runs.has(`${request.caller.tenant}/${run_id}`)) throw new Problem('not_found', 'There is no such run.')
    return { run_id, document: 'CANARY-Jane-Doe-1961' }
  })
  const events = { scope: 'runs:read', audit: 'run.events' } as const
  app.get('/v1/runs/:run_id/events', { config: events, sse: true }, async (request, reply) => {
    await request.noteAccess()
    await reply.sse.send({ event: 'run.started', data: {} })
  })
  app.post('/v1/runs/:run_id/cancel', { config: { scope: 'workflows:execute' } }, async () => ({ done: true }))
  app.get('/open', { config: { public: true } }, async () => ({ open: true }))
}

export interface AuditGate extends AuditSubject {
  app: FastifyInstance
  /** GET by a caller of this tenant with all scopes, or with those given. */
  get: (url: string, given?: { tenant?: string; scope?: string; sub?: string }) => Promise<LightMyRequestResponse>
}

export const asCaller = (given: { tenant?: string; scope?: string; sub?: string } = {}) =>
  bearer(hmacToken(claims({ tenant: 'ward-7', scope: 'admin runs:read workflows:execute', ...given })))

/** The audit's plugin and routes over a store, with the gate that they need. Closed after the test, the store is not. */
export async function buildAuditGate(
  subject: AuditSubject,
  options: { runs?: ReadonlySet<string>; failures?: number } = {},
): Promise<AuditGate> {
  const app: FastifyInstance = Fastify({
    loggerInstance: createLogger('silent') as FastifyBaseLogger,
    frameworkErrors,
  })
  onTestFinished(() => app.close())
  await app.register(problem)
  await app.register(serializer)
  await app.register(rateLimit, { max: 100_000, windowMs: 60_000 })
  await app.register(auth, {
    auth: { secret: SECRET, publicKey: null, jwksUrl: null, issuer: null, audience: null },
    failures: { limit: options.failures ?? 1000, windowMs: 60_000 },
  })
  await app.register(audit, { desk: subject.desk })
  await app.register(sse.default)
  await app.register(auditList, { prefix: '/v1' })
  await app.register(auditVerify, { prefix: '/v1/audit' })
  await app.register(auditExport, { prefix: '/v1/audit' })
  runRoutes(app, options.runs ?? new Set())
  await app.ready()
  return { ...subject, app, get: (url, given) => app.inject({ url, headers: asCaller(given) }) }
}

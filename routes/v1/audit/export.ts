import type { FastifyInstance } from 'fastify'
import { AuditQuery } from '../../../src/contract/audit.ts'
import { AuditBundle } from '../../../src/contract/audit-event.ts'

const schema = {
  summary: 'The audit of your tenant as FHIR R4: a Bundle of AuditEvents, page by page',
  tags: ['audit'],
  querystring: AuditQuery,
  response: { 200: AuditBundle },
}

export default async function auditExport(app: FastifyInstance): Promise<void> {
  const config = { scope: 'admin', audit: 'audit.export', problems: ['not_ready'] } as const
  app.get('/export', { schema, config }, async (request, reply) => {
    const { limit, cursor = null } = request.query as AuditQuery
    const bundle = await app.audit.export(request.caller.tenant, { limit, cursor })
    request.auditFacts = { after_cursor: cursor, entries: bundle.entry.length }
    reply.type('application/fhir+json; charset=utf-8')
    return bundle
  })
}

import type { FastifyInstance } from 'fastify'
import { AuditPage, AuditQuery } from '../../../src/contract/audit.ts'

const schema = {
  summary: 'Who did what, when, and how it ended: the audit of your tenant',
  tags: ['audit'],
  querystring: AuditQuery,
  response: { 200: AuditPage },
}

export default async function auditList(app: FastifyInstance): Promise<void> {
  const config = { scope: 'admin', audit: 'audit.list', problems: ['not_ready'] } as const
  app.get('/audit', { schema, config }, async (request) => {
    const { limit, cursor = null } = request.query as AuditQuery
    const page = await app.audit.page(request.caller.tenant, { limit, cursor })
    request.auditFacts = { from_seq: page.entries[0]?.seq ?? null, entries: page.entries.length }
    return page
  })
}

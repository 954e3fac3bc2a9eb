import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { AuditVerdictView } from '../../../src/contract/audit.ts'

const schema = {
  summary: 'Whether the audit of your tenant is as it was written, and where it is not',
  tags: ['audit'],
  querystring: z.strictObject({}),
  response: { 200: AuditVerdictView },
}

export default async function auditVerify(app: FastifyInstance): Promise<void> {
  const config = { scope: 'admin', audit: 'audit.verify', problems: ['not_ready'] } as const
  app.get('/verify', { schema, config }, async (request) => {
    const verdict = await app.audit.verify(request.caller.tenant)
    request.auditFacts = { ok: verdict.ok, entries: verdict.entries, breaks: verdict.breaks.length }
    return verdict
  })
}

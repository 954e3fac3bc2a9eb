import type { FastifyInstance } from 'fastify'
import live from './health/live.ts'
import ready from './health/ready.ts'
import metrics from './metrics.ts'
import auditExport from './v1/audit/export.ts'
import auditList from './v1/audit/list.ts'
import auditVerify from './v1/audit/verify.ts'
import chatCompletions from './v1/chat/completions.ts'
import embeddings from './v1/embeddings.ts'
import evidence from './v1/evidence.ts'
import serviceHealth from './v1/health.ts'
import memories from './v1/memories.ts'
import models from './v1/models.ts'
import roster from './v1/roster.ts'
import route from './v1/route.ts'
import approval from './v1/runs/approval.ts'
import cancel from './v1/runs/cancel.ts'
import events from './v1/runs/events.ts'
import runs from './v1/runs/list.ts'
import run from './v1/runs/one.ts'
import stats from './v1/stats.ts'
import supervise from './v1/supervise.ts'
import tasks from './v1/tasks/run.ts'
import dischargeSummary from './v1/workflows/discharge-summary.ts'
import execute from './v1/workflows/execute.ts'
import types from './v1/workflows/types.ts'

/** Every route, by URL. */
export default async function routes(app: FastifyInstance): Promise<void> {
  await app.register(execute, { prefix: '/v1/workflows' })
  await app.register(dischargeSummary, { prefix: '/v1/workflows' })
  await app.register(types, { prefix: '/v1/workflows' })
  await app.register(roster, { prefix: '/v1' })
  await app.register(models, { prefix: '/v1' })
  await app.register(supervise, { prefix: '/v1' })
  await app.register(chatCompletions, { prefix: '/v1/chat' })
  for (const one of [tasks, route, stats, embeddings, evidence, memories, serviceHealth])
    await app.register(one, { prefix: '/v1' })
  for (const one of [runs, run, cancel, events, approval]) await app.register(one, { prefix: '/v1/runs' })
  await app.register(auditList, { prefix: '/v1' })
  await app.register(auditVerify, { prefix: '/v1/audit' })
  await app.register(auditExport, { prefix: '/v1/audit' })
  await app.register(metrics)
  await app.register(live, { prefix: '/health' })
  await app.register(ready, { prefix: '/health' })
}

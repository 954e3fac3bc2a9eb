import type { FastifyInstance } from 'fastify'
import live from './health/live.ts'
import ready from './health/ready.ts'
import metrics from './metrics.ts'
import models from './v1/models.ts'
import roster from './v1/roster.ts'
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
  await app.register(metrics)
  await app.register(live, { prefix: '/health' })
  await app.register(ready, { prefix: '/health' })
}

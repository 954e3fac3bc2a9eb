import sse from '@fastify/sse'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import routes from '../routes/index.ts'
import { workflows as builtin } from '../workflows/index.ts'
import type { Config } from './config.ts'
import { type Foundation, layFoundation } from './foundation.ts'
import type { WorkflowDefinition } from './plan/workflow.ts'
import audit from './plugins/audit.ts'
import auth from './plugins/auth.ts'
import body from './plugins/body.ts'
import metricsGuard from './plugins/metrics-guard.ts'
import openapi from './plugins/openapi.ts'
import overload from './plugins/overload.ts'
import { clientErrorHandler } from './plugins/problem/client-error.ts'
import problem, { frameworkErrors } from './plugins/problem.ts'
import rateLimit from './plugins/rate-limit.ts'
import requestRecord from './plugins/request-record.ts'
import securityHeaders from './plugins/security-headers.ts'
import serializer from './plugins/serializer.ts'
import service from './plugins/service.ts'
import shutdown from './plugins/shutdown.ts'
import { serverOptions } from './server-options.ts'
import { createService } from './service.ts'
import { createLogger } from './telemetry/log.ts'
import { version } from './version.ts'

export interface AppParts {
  /** @default the built-in workflows */
  workflows?: readonly WorkflowDefinition[]
  /** @default a logger to standard output at the Config's level */
  log?: Logger
}

/** Longer than replicas take to agree on a Redis that is empty. */
const SETTLING_MS = 3000

/**
 * The whole service, ready to listen or to be injected into. Throws a ConfigError when the Config does not fit together;
 * then nothing is left open.
 */
export async function buildApp(config: Config, parts: AppParts = {}): Promise<FastifyInstance> {
  const { workflows = builtin, log = createLogger(config.logLevel) } = parts
  const foundation = await layFoundation(config, workflows, log)
  try {
    return await buildOn(foundation, config, log)
  } catch (error) {
    await foundation.abandon()
    throw error
  }
}

async function buildOn(foundation: Foundation, config: Config, log: Logger): Promise<FastifyInstance> {
  const { limits } = config
  const { core, keeping, replicas, storeKind } = foundation
  const app: FastifyInstance = Fastify({
    ...serverOptions(config),
    loggerInstance: log as FastifyBaseLogger,
    frameworkErrors,
    clientErrorHandler,
  })

  await app.register(problem)
  await app.register(requestRecord, { record: core.metrics.httpEnded.bind(core.metrics) })
  await app.register(securityHeaders)
  await app.register(body)
  await app.register(serializer)
  await app.register(overload)
  await app.register(rateLimit, {
    max: limits.rateMax,
    windowMs: limits.rateWindowMs,
    shared: replicas?.rateCounts ?? null,
  })
  await app.register(auth, {
    auth: config.auth,
    failures: { limit: limits.authFailures, windowMs: limits.rateWindowMs },
  })
  await app.register(audit, { desk: keeping.audit })
  await app.register(metricsGuard, { token: config.metricsToken })
  await app.register(shutdown, { graceMs: limits.shutdownGraceMs })
  await app.register(service, {
    service: createService({ core, keeping, replicas, storeKind, stopping: () => app.stopping }),
  })
  await app.register(openapi, { version })
  await app.register(sse.default)
  await app.register(routes)

  app.addHook('onReady', async () => {
    core.start()
    // Or the first calls would go by a share of slots that others hold.
    await replicas?.settled(SETTLING_MS)
    await keeping.start()
  })
  app.addHook('onClose', async () => {
    try {
      await keeping.stop()
    } finally {
      // Also when the last write failed: open connections would keep the process from its end.
      await core.close()
      await replicas?.close()
    }
  })
  return app
}

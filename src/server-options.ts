import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import { type FastifyHttpOptions, LogController } from 'fastify'
import type { Config } from './config.ts'

/** Every limit and timeout of the HTTP server; times in ms. */
export function serverOptions({ limits, trustProxy }: Config) {
  return {
    // One line per run and per refused request, not two per request.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    bodyLimit: limits.bodyBytes,
    trustProxy: trustProxy === null ? false : [...trustProxy],
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    routerOptions: { maxParamLength: 256 },
    // Silence on a connection: a run may take its whole time before its first byte.
    connectionTimeout: limits.runTimeoutMs + 30_000,
    // The whole request, headers and body, must have come in by then.
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    pluginTimeout: 15_000,
    http: { headersTimeout: 10_000, maxHeaderSize: 16_384, connectionsCheckingInterval: 2000 },
    forceCloseConnections: 'idle',
  } satisfies FastifyHttpOptions<Server>
}

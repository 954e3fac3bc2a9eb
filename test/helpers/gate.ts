import { type AddressInfo, connect, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import type { Config } from '../../src/config.ts'
import { ExecuteRequest } from '../../src/contract/execute.ts'
import auth from '../../src/plugins/auth.ts'
import body from '../../src/plugins/body.ts'
import openapi from '../../src/plugins/openapi.ts'
import overload, { type OverloadOptions } from '../../src/plugins/overload.ts'
import { clientErrorHandler } from '../../src/plugins/problem/client-error.ts'
import problem, { frameworkErrors } from '../../src/plugins/problem.ts'
import rateLimit from '../../src/plugins/rate-limit.ts'
import securityHeaders from '../../src/plugins/security-headers.ts'
import serializer from '../../src/plugins/serializer.ts'
import { SECRET } from './gate-tokens.ts'

export interface GateOptions {
  auth?: Partial<Config['auth']>
  failures?: { limit: number; windowMs: number }
  rate?: { max: number; windowMs: number }
  overload?: OverloadOptions
  bodyLimit?: number
  trustProxy?: string[]
  now?: () => number
  /** Milliseconds in which a whole request must have come in. */
  requestTimeoutMs?: number
  /** Adds routes before the gate is ready. */
  routes?: (app: FastifyInstance) => void
}

/** A text that a test plants where it must never come out. */
export const CANARY = 'CANARY-Jane-Doe-1961'

const who = z.object({ tenant: z.string(), subject: z.string() })

function testRoutes(app: FastifyInstance): void {
  app.get('/open', { config: { public: true } }, async () => ({ open: true }))
  app.post(
    '/work',
    { config: { scope: 'workflows:execute' }, schema: { body: ExecuteRequest, response: { 200: who } } },
    async ({ caller }) => caller,
  )
  app.get('/audit', { config: { scope: 'admin' } }, async () => ({ entries: [] }))
  app.post('/echo', { config: { public: true } }, async (request) => ({ got: request.body }))
  app.get('/boom', { config: { public: true } }, async () => {
    throw new Error(CANARY, { cause: new TypeError(CANARY) })
  })
}

/** Every plugin of the gate over a few routes, closed after the test; `logged` is all that it wrote. */
export async function buildGate(options: GateOptions = {}): Promise<{ app: FastifyInstance; logged: () => string }> {
  const lines: string[] = []
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk))
      done()
    },
  })
  const app = Fastify({
    logger: { level: 'trace', stream },
    bodyLimit: options.bodyLimit ?? 1_048_576,
    trustProxy: options.trustProxy ?? false,
    ...(options.requestTimeoutMs === undefined
      ? {}
      : {
          requestTimeout: options.requestTimeoutMs,
          http: { headersTimeout: options.requestTimeoutMs, connectionsCheckingInterval: 10 },
        }),
    frameworkErrors,
    clientErrorHandler,
  })
  onTestFinished(() => app.close())
  const none = { secret: null, publicKey: null, jwksUrl: null, issuer: null, audience: null }
  await app.register(problem)
  await app.register(securityHeaders)
  await app.register(body)
  await app.register(serializer)
  await app.register(overload, options.overload ?? {})
  await app.register(rateLimit, options.rate ?? { max: 1000, windowMs: 60_000 })
  await app.register(auth, {
    auth: { ...none, ...(options.auth ?? { secret: SECRET }) },
    failures: options.failures ?? { limit: 1000, windowMs: 60_000 },
    ...(options.now === undefined ? {} : { now: options.now }),
  })
  await app.register(openapi, { version: '0.0.0' })
  testRoutes(app)
  options.routes?.(app)
  await app.ready()
  return { app, logged: () => lines.join('') }
}

/** Listens on a free port of the loopback interface. */
export async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

/** Sends bytes as they are and reads until the server closes the connection. */
export async function sendRaw(port: number, bytes: string | ((socket: Socket) => void)): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    received += chunk
  })
  // The server may close while we still write: what it answered is what counts.
  socket.on('error', () => {})
  if (typeof bytes === 'string') socket.write(bytes)
  else bytes(socket)
  await new Promise((closed) => socket.once('close', closed))
  return received
}

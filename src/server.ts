import './node-version.ts'
import { randomBytes } from 'node:crypto'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { type Config, parseConfig } from './config.ts'
import { ConfigError } from './errors.ts'
import { signToken } from './token.ts'

/** HOST or PORT cannot be listened on: the message says why, and a stack would say no more. */
const LISTEN_FAULTS = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND', 'EAI_AGAIN'])

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** In development without any key: a secret for this process only, and a line that works as it is. */
function withSecret(config: Config): { config: Config; token: string | null } {
  const { secret, publicKey, jwksUrl, issuer, audience } = config.auth
  if (secret !== null || publicKey !== null || jwksUrl !== null) return { config, token: null }
  const made = randomBytes(32).toString('base64url')
  const token = signToken(made, { subject: 'developer', issuer, audience, expiresInS: 8 * 3600 })
  return { config: { ...config, auth: { ...config.auth, secret: made } }, token }
}

const invitation = (address: string, token: string): string => `
Consilium listens on ${address} with a secret made for this process (set JWT_SECRET to keep one). Try:

curl -s ${address}/v1/workflows/types -H 'Authorization: Bearer ${token}'

curl -s ${address}/v1/workflows/execute -H 'Authorization: Bearer ${token}' \\
  -H 'Content-Type: application/json' \\
  -d '{"workflow_type":"parallel_qa","context":{"question":"When is a chest CT indicated?"}}'

No model servers at hand? Run "npm run simulate" in another terminal.
`

/** Reports a fault that nobody caught, wherever the service is in its life. */
function reportFault(err: unknown, log: FastifyInstance['log'] | undefined): void {
  if (log) log.fatal({ err }, 'stopping on a fault')
  else process.stderr.write(`Consilium cannot start.\n${(err as Error).stack ?? String(err)}\n`)
}

/**
 * Installed before anything takes time, so that a stop signal ends a start too. A repeated signal changes nothing: npm
 * passes on what a terminal has already sent to the whole group, and that must not cut runs off. Not on `beforeExit`:
 * a start that failed would end with 0.
 */
function stopWithGrace(graceMs: number, current: () => FastifyInstance | null): void {
  const { close } = closeWithGrace(
    {
      delay: graceMs + 5000,
      logger: false,
      skip: ['beforeExit', ...STOP_SIGNALS],
      onSecondError: (err) => reportFault(err, current()?.log),
    },
    async ({ err }) => {
      if (err) reportFault(err, current()?.log)
      await current()?.stop(asked)
    },
  )
  let asked: string | undefined
  for (const signal of STOP_SIGNALS)
    process.on(signal, () => {
      if (asked !== undefined) return
      asked = signal
      close()
    })
}

async function main(): Promise<void> {
  const { config, token } = withSecret(parseConfig(process.env))
  let app: FastifyInstance | null = null
  stopWithGrace(config.limits.shutdownGraceMs, () => app)
  const built = await buildApp(config)
  app = built
  try {
    const address = await built.listen({ host: config.host, port: config.port })
    built.log.info({ address, env: config.env }, 'listening')
    if (token !== null) process.stderr.write(invitation(address, token))
  } catch (error) {
    await built.close()
    throw error
  }
}

main().catch((error: unknown) => {
  const known = error instanceof ConfigError || LISTEN_FAULTS.has((error as { code?: string }).code ?? '')
  process.stderr.write(
    `Consilium cannot start.\n${known ? (error as Error).message : ((error as Error).stack ?? String(error))}\n`,
  )
  process.exitCode = 1
})

import { randomBytes } from 'node:crypto'
import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { type Config, parseConfig } from './config.ts'
import { ConfigError } from './errors.ts'
import { signToken } from './token.ts'

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

async function main(): Promise<void> {
  const { config, token } = withSecret(parseConfig(process.env))
  const app = await buildApp(config)
  closeWithGrace({ delay: config.limits.shutdownGraceMs + 5000, logger: false }, async ({ err }) => {
    if (err) app.log.fatal({ err }, 'stopping on a fault')
    await app.stop()
  })
  const address = await app.listen({ host: config.host, port: config.port })
  app.log.info({ address, env: config.env }, 'listening')
  if (token !== null) process.stderr.write(invitation(address, token))
}

main().catch((error: unknown) => {
  const known = error instanceof ConfigError || (error as { code?: string }).code === 'EADDRINUSE'
  process.stderr.write(
    `Consilium cannot start.\n${known ? (error as Error).message : ((error as Error).stack ?? String(error))}\n`,
  )
  process.exitCode = 1
})

import { createHmac } from 'node:crypto'
import { ConfigError } from '../../errors.ts'

const PREFIX = 'whsec_'
const FEWEST_BYTES = 24

/**
 * The key that a secret stands for: of `whsec_…` the bytes behind its base64, as the Standard Webhooks specification
 * writes secrets; any other text its own bytes. Throws ConfigError for a `whsec_` that is mistyped or too short.
 */
export function signingKey(secret: string): Uint8Array {
  if (!secret.startsWith(PREFIX)) return Buffer.from(secret)
  const base64 = secret.slice(PREFIX.length)
  const key = Buffer.from(base64, 'base64')
  if (key.length < FEWEST_BYTES || key.toString('base64') !== base64)
    throw new ConfigError(`WEBHOOK_SECRET: ${PREFIX} must be followed by ${FEWEST_BYTES} bytes or more in base64`)
  return key
}

/** The headers of the Standard Webhooks specification for one attempt. `id` is the same in all attempts, and has no dot. */
export function signatureHeaders(key: Uint8Array, id: string, at: number, body: string): Record<string, string> {
  const seconds = Math.floor(at / 1000)
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': `${seconds}`, 'webhook-signature': `v1,${signature}` }
}

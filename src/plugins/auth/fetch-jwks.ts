import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { publicKey, type VerifyKey } from './key.ts'

const DEADLINE_MS = 5000
const MAX_BYTES = 262_144
const MAX_KEYS = 50

export type KeySet = ReadonlyMap<string, VerifyKey>
export type FetchKeys = () => Promise<KeySet>

async function readCapped(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MAX_BYTES) throw new Error(`The JWKS is larger than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function readKey(jwk: unknown): readonly [string, VerifyKey] | null {
  if (typeof jwk !== 'object' || jwk === null) return null
  const { kid, kty, use = 'sig', alg } = jwk as Record<string, unknown>
  // A symmetric key (oct) in a public set would let everybody sign.
  if (typeof kid !== 'string' || (kty !== 'RSA' && kty !== 'EC') || use !== 'sig') return null
  try {
    const key = publicKey(createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }))
    return key === null || (alg !== undefined && alg !== key.alg) ? null : [kid, key]
  } catch {
    // A set may hold keys for other services, of kinds unknown here: they are no keys to us.
    return null
  }
}

/** The usable signing keys of a JWK set by their kid. Throws when the value is no such set. */
function readKeySet(value: unknown): KeySet {
  const keys = typeof value === 'object' && value !== null ? (value as { keys?: unknown }).keys : undefined
  if (!Array.isArray(keys)) throw new Error('The JWKS has no list of keys')
  return new Map(keys.slice(0, MAX_KEYS).flatMap((jwk) => [readKey(jwk)].filter((key) => key !== null)))
}

/** A function that fetches the key set at a URL: no redirects, 5 s in all, 256 KB at most, else it rejects. */
export const fetchJwks =
  (url: string): FetchKeys =>
  async () => {
    const response = await fetch(url, {
      redirect: 'error',
      signal: AbortSignal.timeout(DEADLINE_MS),
      headers: { accept: 'application/json' },
    })
    const text = await readCapped(response)
    if (!response.ok) throw new Error(`The JWKS endpoint answered ${response.status}`)
    return readKeySet(JSON.parse(text))
  }

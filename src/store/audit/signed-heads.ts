import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { StoreError } from '../errors.ts'
import type { AuditHead } from './entry.ts'

const SignedHeads = z.strictObject({
  at: z.int(),
  heads: z.record(z.string(), z.strictObject({ seq: z.int().min(0), hash: z.string() })),
  mac: z.string(),
})

export type Heads = Readonly<Record<string, AuditHead>>

const macOf = (at: number, heads: Heads, key: Uint8Array): Buffer =>
  createHmac('sha256', key)
    .update(
      JSON.stringify([
        at,
        Object.entries(heads)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([tenant, { seq, hash }]) => [tenant, seq, hash]),
      ]),
    )
    .digest()

/** The heads of all chains as one line of JSON, signed with HMAC-SHA-256. */
export const signHeads = (at: number, heads: Heads, key: Uint8Array): string =>
  `${JSON.stringify({ at, heads, mac: macOf(at, heads, key).toString('hex') })}\n`

/** Reads what `signHeads` wrote. Throws StoreError `corrupt` when it is no such text or the signature is wrong. */
export function readSignedHeads(text: string, key: Uint8Array): { at: number; heads: Heads } {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (cause) {
    throw new StoreError('corrupt', 'The signed audit head is not JSON', { cause })
  }
  const parsed = SignedHeads.safeParse(content)
  if (!parsed.success) throw new StoreError('corrupt', 'The signed audit head has another shape')
  const { at, heads, mac } = parsed.data
  const given = Buffer.from(mac, 'hex')
  const expected = macOf(at, heads, key)
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new StoreError('corrupt', 'The signature of the audit head is wrong: it was edited, or the key is another')
  return { at, heads }
}

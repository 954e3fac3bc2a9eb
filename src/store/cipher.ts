import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject, randomBytes } from 'node:crypto'
import { StoreError } from './errors.ts'

const PLAIN = 0
const AES_256_GCM = 1
const KEY_ID_BYTES = 8
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEADER = 1 + KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES

/** 32 bytes each. `current` seals; `old` ones still open what they sealed. */
export interface Keys {
  current: Uint8Array
  old: readonly Uint8Array[]
}

/** Turns clinical text into the bytes of a column and back. */
export interface Cipher {
  /** Whether there is a key to seal with. */
  readonly seals: boolean
  /** `place` names table, column and row: sealed bytes moved to another place do not open. */
  seal(place: string, text: string): Uint8Array
  /** Throws StoreError: `key_missing` when the key is not among ours, `corrupt` when the bytes were changed or moved. */
  open(place: string, bytes: Uint8Array): string
}

/** The first eight bytes of the key's SHA-256: it tells keys apart and gives none away. */
export const keyId = (key: Uint8Array): string => hash('sha256', key).slice(0, KEY_ID_BYTES * 2)

function sealWith(key: KeyObject, id: Uint8Array, place: string, text: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(place))
  const body = cipher.update(text, 'utf8')
  cipher.final()
  return Buffer.concat([Uint8Array.of(AES_256_GCM), id, nonce, cipher.getAuthTag(), body])
}

function openWith(key: KeyObject, place: string, bytes: Buffer): string {
  const nonceAt = 1 + KEY_ID_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(nonceAt, nonceAt + NONCE_BYTES))
  decipher.setAAD(Buffer.from(place))
  decipher.setAuthTag(bytes.subarray(nonceAt + NONCE_BYTES, HEADER))
  return Buffer.concat([decipher.update(bytes.subarray(HEADER)), decipher.final()]).toString('utf8')
}

function plain(text: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(1 + Buffer.byteLength(text))
  bytes[0] = PLAIN
  bytes.write(text, 1)
  return bytes
}

/** Without keys the bytes are the text itself; a store with keys still reads what was written without. */
export function createCipher(keys: Keys | null): Cipher {
  const known = new Map(
    (keys === null ? [] : [keys.current, ...keys.old]).map((key) => [keyId(key), createSecretKey(key)]),
  )
  const current = keys && { key: createSecretKey(keys.current), id: Buffer.from(keyId(keys.current), 'hex') }
  return {
    seals: current !== null,
    seal: (place, text) => (current === null ? plain(text) : sealWith(current.key, current.id, place, text)),
    open(place, given) {
      const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength)
      if (bytes[0] === PLAIN) return bytes.toString('utf8', 1)
      if (bytes[0] !== AES_256_GCM || bytes.length < HEADER)
        throw new StoreError('corrupt', `${place} is in no form that this version knows`)
      const id = bytes.toString('hex', 1, 1 + KEY_ID_BYTES)
      const key = known.get(id)
      if (key === undefined)
        throw new StoreError('key_missing', `${place} is sealed with the key ${id}, which is not set`)
      try {
        return openWith(key, place, bytes)
      } catch (cause) {
        throw new StoreError('corrupt', `${place} does not open: its bytes were changed or moved`, { cause })
      }
    },
  }
}

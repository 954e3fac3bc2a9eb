import type { Cipher } from './cipher.ts'

/** Everything that can hold clinical text passes here on its way into a column. */
export interface Clinical {
  /** Whether what it makes is secret; without a key it is the text itself. */
  readonly seals: boolean
  seal(value: unknown, ...place: string[]): Uint8Array
  open(bytes: Uint8Array, ...place: string[]): unknown
}

// JSON writes U+0000 and lone surrogates as escapes, so any text comes back as it was, from any database.
export const createClinical = (cipher: Cipher): Clinical => ({
  seals: cipher.seals,
  seal: (value, ...place) => cipher.seal(place.join('/'), JSON.stringify(value ?? null)),
  open: (bytes, ...place) => JSON.parse(cipher.open(place.join('/'), bytes)),
})

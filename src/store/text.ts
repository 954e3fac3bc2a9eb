import { StoreError } from './errors.ts'

// PostgreSQL refuses U+0000 in text, and UTF-8 has no lone surrogates.
const UNSTORABLE = /\0|\p{Surrogate}/u
const EACH = /\0|\p{Surrogate}/gu

/** An identifier as it is. Throws when no database can hold it: two ids that differ must not become one. */
export function storable(field: string, text: string): string {
  if (UNSTORABLE.test(text)) throw new StoreError('unstorable', `${field} holds U+0000 or half a character`)
  return text
}

/** Text for people to read, with what no database can hold written out: `\u0000`. Never throws. */
export const written = (text: string): string =>
  text.replace(EACH, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

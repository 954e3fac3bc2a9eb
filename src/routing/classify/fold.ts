/** What separates words. */
export const SEPARATOR = 0
/** Stands inside words without being read: apostrophes and combining accents. */
export const SKIPPED = 1
/** Every digit is read as this one. */
export const DIGIT = 0x30

const LATIN_END = 0x250

/** Latin letters lose case and accents by Unicode's own tables; no locale takes part. */
const LATIN = new Uint16Array(LATIN_END)
for (let code = 0; code < LATIN_END; code++) {
  const char = String.fromCharCode(code)
  if (code >= 0x30 && code <= 0x39) LATIN[code] = DIGIT
  else if (char === "'") LATIN[code] = SKIPPED
  else if (/\p{L}/u.test(char)) LATIN[code] = char.normalize('NFD').toLowerCase().charCodeAt(0)
}

/** The code unit that `code` is read as: a letter, `DIGIT`, `SKIPPED` or `SEPARATOR`. */
export function fold(code: number): number {
  if (code < LATIN_END) return LATIN[code] as number
  if (code === 0x2019 || (code >= 0x300 && code < 0x370)) return SKIPPED
  // Punctuation, arrows, box drawing; lone or paired surrogates; private use and presentation forms.
  if ((code >= 0x2000 && code < 0x3040) || code >= 0xd800) return SEPARATOR
  return code
}

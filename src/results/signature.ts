import { FILLERS } from './words.ts'

/** ASCII letters and digits that no filler word holds, by code; both cases of a letter give the lower one. 0: not seen. */
const SEEN = new Uint8Array(128)
for (const letter of 'abcdefghijklmnopqrstuvwxyz0123456789') {
  if (FILLERS.some((filler) => filler.includes(letter))) continue
  SEEN[letter.charCodeAt(0)] = letter.charCodeAt(0)
  SEEN[letter.toUpperCase().charCodeAt(0)] = letter.charCodeAt(0)
}

/**
 * A cheap hash that paragraphs of the same wording share (FNV-1a over the characters that neither fillers nor
 * formatting touch). Reading wording costs far more; most paragraphs are alone with their signature, so
 * theirs is never read.
 */
export function signatureOf(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < end; at++) {
    const seen = SEEN[text.charCodeAt(at)]
    if (seen) hash = Math.imul(hash ^ seen, 0x01000193)
  }
  return hash
}

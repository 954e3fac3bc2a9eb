const CHARS = 4

/**
 * Counts tokens up to `max`, and says where the next one would begin. A token is at most 4 characters; a word begins a
 * new one and takes the white space before it along. So a text never has fewer tokens than a quarter of its characters.
 */
function scan(text: string, max: number): { tokens: number; end: number } {
  let tokens = 0
  let size = CHARS
  let inWord = false
  for (let at = 0; at < text.length; at++) {
    const space = text.charCodeAt(at) <= 32
    if (size === CHARS || (space && inWord)) {
      if (tokens === max) return { tokens, end: at }
      tokens++
      size = 0
    }
    size++
    inWord = !space
  }
  return { tokens, end: text.length }
}

/** How many tokens the simulated tokenizer makes of a text. */
export const countTokens = (text: string): number => scan(text, Number.POSITIVE_INFINITY).tokens

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff

/** The text's first `max` tokens. Never ends in half a character. */
export function firstTokens(text: string, max: number): { text: string; tokens: number; whole: boolean } {
  const { tokens, end } = scan(text, max)
  if (end === text.length) return { text, tokens, whole: true }
  const cut = end > 0 && isHighSurrogate(text.charCodeAt(end - 1)) ? end - 1 : end
  return { text: text.slice(0, cut), tokens, whole: false }
}

/** The text in pieces of at most `size` tokens; joined they are the text again. */
export function pieces(text: string, size: number): string[] {
  const parts: string[] = []
  for (let rest = text; rest !== ''; ) {
    const { text: part } = firstTokens(rest, size)
    parts.push(part)
    rest = rest.slice(part.length)
  }
  return parts
}

/** Token ids that stand for nothing, one for each token. The same text gives the same ids. */
export function tokenIds(text: string): number[] {
  return Array.from(
    { length: countTokens(text) },
    (_, at) => 1 + ((text.charCodeAt(at % text.length) * 31 + at) % 31_999),
  )
}

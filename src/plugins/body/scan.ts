/** Containers inside containers that a body may have; recursion over it then needs no guard of its own. */
export const MAX_DEPTH = 64

export type BodyFlaw = 'too_deep' | 'number_too_large'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const isDigit = (code: number) => code >= 0x30 && code <= 0x39

/** Index after the string whose opening quote is at `open`; `text.length` when it never ends. */
function afterString(text: string, open: number): number {
  for (let from = open + 1; ; ) {
    const quote = text.indexOf('"', from)
    if (quote < 0) return text.length
    let before = quote - 1
    while (text.charCodeAt(before) === BACKSLASH) before--
    if ((quote - before) % 2 === 1) return quote + 1
    from = quote + 1
  }
}

/** Index after the number that begins at `start`: digits, sign, point and exponent. */
function afterNumber(text: string, start: number): number {
  let end = start + 1
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (!isDigit(code) && code !== 0x2e && code !== 0x2b && code !== 0x2d && code !== 0x65 && code !== 0x45) break
  }
  return end
}

/** Whether a double holds the number: 1e400 would become null on its way out, 2^53 + 1 another patient's number. */
function survives(literal: string): boolean {
  if (literal.length < 16 && !/e/i.test(literal)) return true
  const value = Number(literal)
  if (Number.isNaN(value)) return true // no JSON: the parser says so
  if (!Number.isFinite(value)) return false
  return Number.isSafeInteger(value) || !/^\d+$/.test(literal) || String(value) === literal
}

/**
 * Looks at JSON text before anything parses it, in one pass without recursion. Strings are skipped by native search,
 * so that long clinical text costs next to nothing. Text that is no JSON is left to the parser.
 * @returns what must not go on, or null
 */
export function findFlaw(text: string, maxDepth = MAX_DEPTH): BodyFlaw | null {
  let depth = 0
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = afterString(text, at)
    } else if (isDigit(code)) {
      const end = afterNumber(text, at)
      if (!survives(text.slice(at, end))) return 'number_too_large'
      at = end
    } else {
      if (code === 0x7b || code === 0x5b) {
        if (++depth > maxDepth) return 'too_deep'
      } else if (code === 0x7d || code === 0x5d) depth--
      at++
    }
  }
  return null
}

import type { Counts } from './counts.ts'

/** What a line looks like. `data`: a row of a table, a log, a list of values. `code`: many symbols of programs. */
export type LineKind = 'empty' | 'prose' | 'data' | 'code'

const DATA_DIGITS = 0.2
const DATA_BARS = 3
const CODE_SYMBOLS = 3
const CODE_SHARE = 0.06

const IS_CODE_SYMBOL = new Uint8Array(128)
for (const char of '{}[]();=<>$&|\\_*#@^~`') IS_CODE_SYMBOL[char.charCodeAt(0)] = 1

/** Judges the line between two places of `view`, and adds what it holds to `counts`. */
export function lineKind(view: string, from: number, to: number, counts: Counts): LineKind {
  let digits = 0
  let symbols = 0
  let bars = 0
  let spaces = 0
  let first = 0
  let last = 0
  for (let i = from; i < to; i++) {
    const code = view.charCodeAt(i)
    if (code <= 0x20 || code === 0xa0) {
      spaces++
      if (code === 0x09) bars++
      continue
    }
    if (first === 0) first = code
    last = code
    if (code >= 0x30 && code <= 0x39) digits++
    else if (code < 128 && IS_CODE_SYMBOL[code] === 1) {
      symbols++
      if (code === 0x60) counts.backticks++
      else if (code === 0x7c) bars++
    } else if (code === 0x3f) counts.questions++
    else if (code === 0x21) counts.exclamations++
  }
  const inked = to - from - spaces
  if (inked === 0) return 'empty'
  counts.digits += digits
  counts.codeSymbols += symbols
  // "-", "*", "•" or "1." and "1)" at the start.
  const listed = first === 0x2d || first === 0x2a || first === 0x2022 || (digits > 0 && first >= 0x30 && first <= 0x39)
  if (listed) counts.listLines++
  const isCode =
    (symbols >= CODE_SYMBOLS && symbols / inked > CODE_SHARE && symbols > digits / 2 && bars < DATA_BARS) ||
    (last === 0x3b && symbols >= 2) ||
    last === 0x7b ||
    (last === 0x7d && inked < 4)
  if (isCode) {
    counts.codeLines++
    return 'code'
  }
  if (digits / inked > DATA_DIGITS || bars >= DATA_BARS) {
    counts.dataLines++
    return 'data'
  }
  return 'prose'
}

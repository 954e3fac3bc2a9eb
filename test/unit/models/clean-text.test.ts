import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanText } from '../../../src/models/clean-text.ts'
import { readCompletion } from '../../../src/models/completion.ts'

const read = (content: string) => readCompletion({ choices: [{ message: { content }, finish_reason: 'stop' }] }, 64, 1)

describe('what of an answer cannot be stored, or deceives its reader', () => {
  it.each<[string, string, string]>([
    ['NUL', 'a\u0000b', 'a\ufffdb'],
    ['half a character', 'a\ud800b', 'a\ufffdb'],
    ['ESC, which a terminal obeys', 'dose \u001b[8m50 mg', 'dose \ufffd[8m50 mg'],
    ['backspace', '50\u0008\u00085 mg', '50\ufffd\ufffd5 mg'],
    ['a C1 control', 'a\u009b2Kb', 'a\ufffd2Kb'],
    ['a return to the start of the line', 'give 50 mg\rhold', 'give 50 mg\ufffdhold'],
    ['an override of the reading order', 'give \u202e05\u202c mg', 'give \ufffd05\ufffd mg'],
    ['an isolate', '\u20665\u2069', '\ufffd5\ufffd'],
  ])('%s: each character becomes U+FFFD, and the result warns of it', (_, text, clean) => {
    expect(read(text)).toMatchObject({ ok: true, content: clean, warnings: [expect.stringContaining('U+FFFD')] })
  })

  it.each(['line\n\ttab', 'line\r\nend', 'ok 😀 é', 'סיכום\u200f ‎ملخص', 'a\u200db'])('is not in %j', (text) => {
    expect(read(text)).toMatchObject({ ok: true, content: text, warnings: [] })
  })

  it('is also what bytes that are no UTF-8 became on the way', () => {
    const body = Buffer.from([0x35, 0xff, 0x6d, 0x67]).toString()
    expect(read(body)).toMatchObject({ content: '5\ufffdmg', warnings: [expect.stringContaining('U+FFFD')] })
  })

  it('is warned of beside what else there is to say', () => {
    expect(read('<think>Hm.</think>5\u001bmg')).toMatchObject({
      warnings: ["The model's reasoning block was left out.", expect.stringContaining('U+FFFD')],
    })
  })

  it('in the reasoning block only is not: it is left out', () => {
    expect(read('<think>\u0007</think>5 mg')).toMatchObject({ content: '5 mg' })
    expect(read('<think>\u0007 Hm.</think>5 mg')).toMatchObject({ warnings: [expect.stringContaining('left out')] })
  })

  it('is gone from any text, and clean text is left as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const clean = cleanText(text)
        expect(clean.isWellFormed()).toBe(true)
        expect(clean.replaceAll('\r\n', '')).not.toMatch(/(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u)
        expect(clean).toHaveLength(text.length)
        expect(cleanText(clean)).toBe(clean)
      }),
    )
  })
})

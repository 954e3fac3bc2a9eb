import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventReader, type StreamedEvent } from '../../../src/models/stream-events.ts'

function read(...parts: (string | Buffer)[]): StreamedEvent[] {
  const told: StreamedEvent[] = []
  const reader = new EventReader((event) => told.push(event))
  for (const part of parts) reader.feed(Buffer.from(part))
  return told
}

const data = (...texts: string[]) => texts.map((text) => ({ kind: 'data', data: text }))

describe('server-sent events', () => {
  it.each<[string, string, string[]]>([
    ['with LF', 'data: a\n\ndata: b\n\n', ['a', 'b']],
    ['with CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['with CR', 'data: a\r\rdata: b\r\r', ['a', 'b']],
    ['without a space', 'data:a\n\n', ['a']],
    ['in two lines', 'data: a\ndata: b\n\n', ['a\nb']],
    ['between comments and known fields', ': ping\n\nid: 1\nretry: x\nevent: message\ndata: a\n\n', ['a']],
    ['after a byte order mark', '\ufeffdata: a\n\n', ['a']],
    ['that are not whole yet', 'data: a\n\ndata: b\n', ['a']],
    ['with line separators of other kinds', 'data: a\u2028b\u0085\n\n', ['a\u2028b\u0085']],
  ])('%s', (_, text, expected) => {
    expect(read(text)).toEqual(data(...expected))
  })

  it.each(['event: error\ndata: {"code":1}\n\n', 'error: {"code":1}\n\n'])('%j says that the server failed', (text) => {
    expect(read(text)).toEqual([{ kind: 'error', data: '{"code":1}' }])
  })

  it.each(['Internal Server Error\n', 'datum: x\n', '\ufeff\ufeff\ufeffdata: lost\n', '{"choices":[]}\n'])(
    '%j is told as unknown: there may have been text behind it',
    (text) => {
      expect(read(text).map(({ kind }) => kind)).toEqual(['unknown'])
    },
  )

  it('mean the same wherever the bytes are cut', () => {
    const line = fc.constantFrom(
      'data: µg–😀',
      'error: {"a":1}',
      ': c',
      '',
      'nonsense',
      'data: b',
      'event: error',
      'retry: 1',
    )
    const end = fc.constantFrom('\n', '\r\n')
    fc.assert(
      fc.property(fc.array(fc.tuple(line, end), { maxLength: 10 }), fc.nat(40), (lines, cut) => {
        const bytes = Buffer.from(lines.map((pair) => pair.join('')).join(''))
        const whole = read(bytes)
        expect(read(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(whole)
        expect(read(...Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(whole)
      }),
    )
  })

  it('with bytes that are not UTF-8 have U+FFFD in their place', () => {
    expect(read(Buffer.from([...Buffer.from('data: a'), 0xff, 0xc3, 0x28, 10, 10]))).toEqual(data('a\ufffd\ufffd('))
  })
})

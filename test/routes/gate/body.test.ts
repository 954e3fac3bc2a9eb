import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildGate } from '../../helpers/gate.ts'

async function gate(bodyLimit = 1_048_576) {
  const { app } = await buildGate({ bodyLimit })
  return async (payload: string | Buffer, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: '/echo', headers: { 'content-type': 'application/json', ...headers }, payload })
}

describe('a JSON body', () => {
  it('arrives as it was sent, whatever text it holds', async () => {
    const send = await gate()
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 5, stringUnit: 'binary' }), async (json) => {
        fc.pre(!json.includes('__proto__'))
        const response = await send(json)
        expect(response.statusCode).toBe(200)
        expect(response.json()).toEqual({ got: JSON.parse(json) })
      }),
      { numRuns: 50 },
    )
  })

  it('is read under application/json, its variants, and with charset UTF-8', async () => {
    const send = await gate()
    for (const type of [
      'application/json',
      'Application/JSON; charset=UTF-8',
      'application/fhir+json',
      'application/json;charset="utf-8"',
    ])
      expect((await send('{"a":1}', { 'content-type': type })).statusCode, type).toBe(200)
  })

  it.each([
    ['text/plain', 'text/plain'],
    ['no JSON by name', 'application/jsonp'],
    ['JSON only at the end', 'text/plain+json'],
    ['two types in one', 'application/json, text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['multipart', 'multipart/form-data; boundary=x'],
    ['another charset', 'application/json; charset=utf-16'],
    ['latin-1', 'application/json; charset=iso-8859-1'],
    ['nonsense', 'json'],
    ['an empty type', ''],
  ])('is 415 under %s', async (_name, type) => {
    const response = await (await gate())('{"a":1}', { 'content-type': type })
    expect(response.statusCode).toBe(415)
    expect(response.json()).toMatchObject({ code: 'unsupported_media_type' })
  })

  it('is 415 when it is compressed', async () => {
    expect((await (await gate())('{}', { 'content-encoding': 'gzip' })).statusCode).toBe(415)
  })

  it.each([
    ['empty', ''],
    ['cut off', '{"a":'],
    ['followed by more', '{} {}'],
    ['with a comment', '{/**/}'],
    ['NaN', '{"a":NaN}'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
    ['__proto__ as a key', '{"context":{"__proto__":{"x":1}}}'],
    ['__proto__ as a key, escaped', '{"\\u005f_proto__":{"x":1}}'],
    ['constructor.prototype', '{"constructor":{"prototype":{"x":1}}}'],
    ['1e400', '{"a":[1,1e400]}'],
    ['-1e400', '{"a":-1e400}'],
    ['400 digits', `{"a":${'9'.repeat(400)}}`],
    ['2^53 + 1', '{"mrn":9007199254740993}'],
  ])('is 400 when it is %s', async (_name, payload) => {
    const response = await (await gate())(payload)
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({ code: 'invalid_request' })
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
  })

  it('keeps -0, 2^53 - 1 and small exponents; of duplicate keys the last one counts', async () => {
    const response = await (await gate())('{"a":-0,"b":9007199254740991,"c":1e-3,"d":1,"d":2}')
    expect(response.body).toContain('"b":9007199254740991,"c":0.001,"d":2')
  })

  it('may use harmless keys that look dangerous', async () => {
    const payload = '{"constructor":"a","toString":1,"prototype":{"x":1},"note":"__proto__"}'
    expect((await (await gate())(payload)).json()).toEqual({ got: JSON.parse(payload) })
  })

  it.each([65, 1000, 20_000, 500_000])('that nests %i deep is 400', async (depth) => {
    const send = await gate(2_000_000)
    for (const payload of [
      '['.repeat(depth) + ']'.repeat(depth),
      '{"a":'.repeat(Math.min(depth, 300_000)),
      '['.repeat(depth),
    ]) {
      const response = await send(payload)
      expect(response.statusCode).toBe(400)
      expect(response.json().detail).toContain('64 deep')
    }
  })

  it('may nest 64 deep, and hold any brackets inside of text', async () => {
    const send = await gate()
    expect((await send('['.repeat(64) + ']'.repeat(64))).statusCode).toBe(200)
    expect((await send(JSON.stringify({ note: `\\"${'[{'.repeat(5000)}` }))).statusCode).toBe(200)
  })

  it('over the limit is 413 that names the limit, and closes the connection', async () => {
    const response = await (await gate(100))(JSON.stringify({ a: 'x'.repeat(100) }))
    expect(response.statusCode).toBe(413)
    expect(response.json()).toMatchObject({ code: 'body_too_large', detail: expect.stringContaining('100 bytes') })
    expect(response.headers.connection).toBe('close')
  })
})

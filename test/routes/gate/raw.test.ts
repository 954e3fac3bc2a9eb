import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { buildGate, type GateOptions, listen, sendRaw } from '../../helpers/gate.ts'
import { hmacToken } from '../../helpers/gate-tokens.ts'

async function port(options: GateOptions = {}): Promise<number> {
  return listen((await buildGate(options)).app)
}

const head = (...lines: string[]) =>
  `${['POST /echo HTTP/1.1', 'Host: x', 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`
const JSON_TYPE = 'Content-Type: application/json'
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))
const digest = (text: string) => createHash('sha256').update(text).digest('hex')

describe('bytes that are no request get a problem and a closed connection', () => {
  it.each<[string, string, number]>([
    ['nonsense', 'nonsense\r\n\r\n', 400],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['no Host', 'GET /open HTTP/1.1\r\n\r\n', 400],
    [
      'Transfer-Encoding and Content-Length',
      `${head(JSON_TYPE, 'Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
      400,
    ],
    [
      'Content-Length and Transfer-Encoding',
      `${head(JSON_TYPE, 'Transfer-Encoding: chunked', 'Content-Length: 4')}0\r\n\r\n`,
      400,
    ],
    ['two Content-Length', `${head(JSON_TYPE, 'Content-Length: 2', 'Content-Length: 3')}{} `, 400],
    ['chunked twice', `${head(JSON_TYPE, 'Transfer-Encoding: chunked, identity')}0\r\n\r\n`, 400],
    ['a bad chunk size', `${head(JSON_TYPE, 'Transfer-Encoding: chunked')}zz\r\n{}\r\n0\r\n\r\n`, 400],
    ['a line break in a header', head('X-A: a\rb'), 400],
    ['a space before the colon', head('X-A : a'), 400],
    ['64 KB of headers', head(`X-Big: ${'x'.repeat(65_536)}`), 431],
    ['a thousand headers', head(...Array.from({ length: 1000 }, (_, i) => `X-${i}: ${'y'.repeat(20)}`)), 431],
  ])('%s', async (_name, bytes, status) => {
    const answer = await sendRaw(await port(), bytes)
    expect(statusOf(answer)).toBe(status)
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    if (answer.includes('problem+json'))
      expect(bodyOf(answer)).toMatchObject({
        status,
        code: 'invalid_request',
        instance: expect.any(String),
        errors: [],
      })
  })

  it('and a second request smuggled behind them is not served', async () => {
    const smuggled = 'GET /open HTTP/1.1\r\nHost: x\r\n\r\n'
    const bytes = `${head(JSON_TYPE, `Content-Length: ${smuggled.length}`, 'Transfer-Encoding: chunked')}0\r\n\r\n${smuggled}`
    const answer = await sendRaw(await port(), bytes)
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(answer).not.toContain('"open":true')
  })

  it.each([
    ['headers', 'POST /echo HTTP/1.1\r\nHost: x\r\n'],
    ['a body', head(JSON_TYPE, 'Content-Length: 10')],
  ])('%s that never end are given up with 408', async (_name, bytes) => {
    const answer = await sendRaw(await port({ requestTimeoutMs: 30 }), bytes)
    expect(statusOf(answer)).toBe(408)
    expect(bodyOf(answer)).toMatchObject({ status: 408, code: 'invalid_request' })
  })
})

describe('headers', () => {
  it('a hundred of them are fine', async () => {
    const many = Array.from({ length: 100 }, (_, i) => `X-${i}: y`)
    const answer = await sendRaw(await port(), `${head(JSON_TYPE, 'Content-Length: 2', ...many)}{}`)
    expect(statusOf(answer)).toBe(200)
  })

  it.each([
    ['the same good token twice', [hmacToken(), '']],
    ['a bad one first', ['bad', '']],
    ['a bad one last', ['', 'bad']],
  ])('two Authorization headers are 401: %s', async (_name, tokens) => {
    const good = hmacToken()
    const lines = tokens.map((token, i) => `${i === 0 ? 'Authorization' : 'AUTHORIZATION'}: Bearer ${token || good}`)
    const bytes = `GET /audit HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines.join('\r\n')}\r\n\r\n`
    const answer = await sendRaw(await port(), bytes)
    expect(statusOf(answer)).toBe(401)
    expect(answer.toLowerCase()).toContain('\r\nwww-authenticate: bearer\r\n')
  })
})

describe('a body over the limit', () => {
  const options = { bodyLimit: 1024 }

  it('is 413 by its Content-Length alone, before it has been sent', async () => {
    const answer = await sendRaw(await port(options), head(JSON_TYPE, 'Content-Length: 1000000000'))
    expect(statusOf(answer)).toBe(413)
  })

  it('is 413 without Content-Length as soon as it is too long, and the connection is closed', async () => {
    const chunk = `400\r\n${'['.repeat(1024)}\r\n`
    const bytes = `${head(JSON_TYPE, 'Transfer-Encoding: chunked').replace('Connection: close\r\n', '')}${chunk}${chunk}`
    const answer = await sendRaw(await port(options), bytes)
    expect(statusOf(answer)).toBe(413)
    expect(bodyOf(answer)).toMatchObject({ code: 'body_too_large' })
  })

  it('to an unknown address is 404 at once', async () => {
    const bytes = head(JSON_TYPE, 'Content-Length: 1000').replace('/echo', '/nothing-here')
    expect(statusOf(await sendRaw(await port(options), bytes))).toBe(404)
  })
})

describe('requests on one connection', () => {
  it('that are pipelined are answered in order, each with its own body', async () => {
    const texts = Array.from({ length: 20 }, (_, i) => digest(String(i)))
    const request = (text: string, i: number) => {
      const body = JSON.stringify({ text })
      const close = i === texts.length - 1 ? 'Connection: close\r\n' : ''
      return `POST /echo HTTP/1.1\r\nHost: x\r\n${close}${JSON_TYPE}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    }
    const answer = await sendRaw(await port(), texts.map(request).join(''))
    expect([...answer.matchAll(/"text":"(\w+)"/g)].map((match) => match[1])).toEqual(texts)
  })

  it('cut off in the middle of a body are no fault of the service', async () => {
    const { app, logged } = await buildGate()
    const closed = new Promise((resolve) => {
      app.server.once('connection', (socket) => socket.once('close', resolve))
    })
    const listening = await listen(app)
    await sendRaw(listening, (socket) => {
      socket.write(head(JSON_TYPE, 'Content-Length: 1000'), () => socket.resetAndDestroy())
    })
    await closed
    await app.close()
    expect(logged()).not.toContain('"failure"')
  })
})

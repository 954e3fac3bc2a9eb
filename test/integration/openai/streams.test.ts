import { connect } from 'node:net'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { authorization, CHAT, type ServiceOptions, startService, type TestService } from '../../helpers/service.ts'

async function pointedHere(options: ServiceOptions = {}) {
  const service = await startService(options)
  const address = await service.listen()
  const apiKey = authorization().authorization.replace('Bearer ', '')
  return { service, client: new OpenAI({ baseURL: `${address}/v1`, apiKey, maxRetries: 0 }), address }
}

const TEXT = Array.from({ length: 40 }, (_, at) => `word${at}`).join(' ')
const messages = [{ role: 'user' as const, content: 'Count.' }]
const asked = { model: CHAT, messages, stream: true as const }

/** A request as curl sends it, on a socket of its own; gives what arrives, piece by piece. */
async function* curl(service: TestService, path: string, body: object): AsyncGenerator<string> {
  const { port } = new URL(await service.listen())
  const json = JSON.stringify(body)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n` +
      `authorization: ${authorization().authorization}\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
  )
  for await (const piece of socket) yield String(piece)
}

describe('a stream', () => {
  it.each([
    ['/v1/chat/completions', asked],
    ['/v1/tasks', { task: 'Count.', model: CHAT, stream: true }],
  ])('arrives word by word, not at its end: %s', async (path, body) => {
    const { service } = await pointedHere({ simulator: { reply: () => TEXT, tokensPerSecond: 100 } })
    const withText: string[] = []
    let all = ''
    for await (const piece of curl(service, path, body)) {
      all += piece
      if (/word\d/.test(piece) && !/"finish_reason":"stop"|event: done/.test(piece)) withText.push(piece)
    }
    expect(all).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(all).toContain('content-type: text/event-stream')
    expect(all).toContain('no-transform')
    // 40 words over 400 ms: joined now and then, but never all at once.
    expect(withText.length).toBeGreaterThan(5)
  })

  it('gives what has come while its server is still at work; a reader that leaves ends the run', async () => {
    const { client, service } = await pointedHere({ simulator: { reply: () => TEXT } })
    service.server(CHAT).setFaults([{ kind: 'stream', variant: 'stall' }])
    const stream = await client.chat.completions.create(asked)
    for await (const { choices } of stream) if (choices[0]?.delta.content) break
    expect(service.simulator.ledger.inFlight).toBe(1)
    stream.controller.abort()
    expect(await service.line('run ended')).toMatchObject({ status: 'cancelled' })
    await service.simulator.ledger.until(({ inFlight }) => inFlight === 0)
  })

  it.each(['error', 'cut'] as const)(
    'that fails midway (%s) is an error for the client, never a text of two halves',
    async (variant) => {
      const { client, service } = await pointedHere({ simulator: { reply: () => TEXT, tokensPerSecond: 400 } })
      service.server(CHAT).setFaults([{ kind: 'stream', variant }])
      let text = ''
      const read = async () => {
        for await (const { choices } of await client.chat.completions.create(asked))
          text += choices[0]?.delta.content ?? ''
      }
      await expect(read()).rejects.toBeInstanceOf(OpenAI.APIError)
      expect(TEXT.startsWith(text)).toBe(true)
      expect(text.length).toBeLessThan(TEXT.length)
      await service.line('run ended')
    },
  )
})

import { describe, expect, it } from 'vitest'
import { sendRaw } from '../helpers/gate.ts'
import { authorization, custom, startService } from '../helpers/service.ts'

const BODY = JSON.stringify(custom([{ task_id: 'a' }]))
const TOKEN = `authorization: ${authorization().authorization}`

/** Sends an execute request with these headers, byte by byte as they stand here. */
async function send(...headers: string[]) {
  const service = await startService()
  const port = Number(new URL(await service.listen()).port)
  const head = ['POST /v1/workflows/execute HTTP/1.1', 'host: x', 'connection: close', ...headers]
  const answer = await sendRaw(port, `${head.join('\r\n')}\r\n\r\n${BODY}`)
  return { status: Number(answer.split(' ')[1]), answer, received: service.simulator.ledger.received }
}

const JSON_TYPE = 'content-type: application/json'
const LENGTH = `content-length: ${Buffer.byteLength(BODY)}`

describe('an execute request as bytes', () => {
  it('runs when it is in order, with a hundred headers of no concern', async () => {
    const many = Array.from({ length: 100 }, (_, at) => `x-${at}: ${at}`)
    const { status, answer, received } = await send(TOKEN, JSON_TYPE, LENGTH, ...many)
    expect([status, received]).toEqual([200, 1])
    expect(answer).toContain('"status":"succeeded"')
  })

  it.each<[string, number, string[]]>([
    ['two Authorization headers', 401, [TOKEN, TOKEN, JSON_TYPE, LENGTH]],
    ['64 KB of headers', 431, [TOKEN, JSON_TYPE, LENGTH, `x: ${'a'.repeat(65_536)}`]],
    ['both a length and chunks', 400, [TOKEN, JSON_TYPE, LENGTH, 'transfer-encoding: chunked']],
    ['two lengths', 400, [TOKEN, JSON_TYPE, LENGTH, 'content-length: 5']],
    ['no content type', 415, [TOKEN, LENGTH]],
    ['a compressed body', 415, [TOKEN, JSON_TYPE, LENGTH, 'content-encoding: gzip']],
  ])('reaches no model with %s: %i', async (_name, expected, headers) => {
    const { status, answer, received } = await send(...headers)
    expect([status, received]).toEqual([expected, 0])
    expect(answer).toContain('application/problem+json')
  })
})

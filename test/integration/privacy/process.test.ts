import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startSimulator } from '../../../simulator/simulate.ts'
import { bearer, hmacToken, SECRET } from '../../helpers/gate-tokens.ts'
import { type ServerProcess, startListening } from '../../helpers/process.ts'
import { custom } from '../../helpers/service.ts'
import { CANARY, CANARY_WORD, expectClean, loud } from './canary.ts'

const KEY = 'model-key-5f3a9c'
const METRICS_TOKEN = 'metrics-token-77b1d0'

/** The process at its most talkative, on servers that want a key and speak of the patient. */
async function start() {
  const simulator = await startSimulator()
  const ids = simulator.roster.models.map(({ id }) => id)
  await simulator.close()
  const apiKeys = Object.fromEntries(ids.map((id) => [id, KEY]))
  const keyed = await startSimulator({ apiKeys, reply: () => CANARY })
  onTestFinished(keyed.close)
  const ports = Object.fromEntries(keyed.roster.models.map(({ id, url }) => [id, url]))
  const server = await startListening({
    LOG_LEVEL: 'trace',
    METRICS_TOKEN,
    MODEL_PORTS: JSON.stringify(ports),
    MODEL_API_KEYS: JSON.stringify(apiKeys),
    RATE_LIMIT_MAX: '1000',
    BODY_LIMIT_BYTES: '65536',
  })
  return { server, simulator: keyed }
}

const token = hmacToken()

const post = (
  server: { origin: string },
  body: string,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
  query = '',
) =>
  fetch(`${server.origin}/v1/workflows/execute${query}`, {
    method: 'POST',
    headers: {
      ...bearer(token),
      'content-type': 'application/json',
      'user-agent': CANARY,
      'x-patient': CANARY,
      ...headers,
    },
    body,
    ...(signal && { signal }),
  })

const request = JSON.stringify(custom([{ task_id: 'one', prompt: CANARY }], { context: loud(['history']) }))

/** Bytes as they are, until the server closes. */
async function sendRaw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    received += chunk
  })
  socket.on('error', () => undefined)
  socket.end(bytes)
  await once(socket, 'close')
  return received
}

const metricsOf = async (server: { origin: string }): Promise<string> =>
  (await fetch(`${server.origin}/metrics`, { headers: bearer(METRICS_TOKEN) })).text()

async function said(server: ServerProcess): Promise<string> {
  server.signal('SIGTERM')
  expect(await server.ended).toEqual({ code: 0, signal: null })
  return server.out() + server.err()
}

describe('the process at log level trace', () => {
  it('writes nothing of a patient, of a key or of a token, whatever happens to it', async () => {
    const { server, simulator } = await start()
    const { ledger, setFaults } = simulator.servers.get('Tiny-LLaMA-1.1B-Chat') ?? expect.fail('no server')

    const success = await post(server, request)
    const run = await success.text()
    expect(run).toContain(CANARY)
    setFaults([
      { kind: 'status', status: 400, body: CANARY },
      { kind: 'raw', bytes: `HTTP/1.1 200 OK\r\n\r\n${CANARY}` },
    ])
    const failures = [await post(server, request), await post(server, request)]
    const refusals = [
      await post(server, `{"patient": ${CANARY}`),
      await post(server, JSON.stringify({ [CANARY]: CANARY })),
      await post(server, request, {}, undefined, `?patient=${CANARY_WORD}`),
      await post(server, request, { authorization: `Bearer ${CANARY}` }),
      await post(server, request, { 'content-type': `text/${CANARY_WORD}` }),
      await post(server, CANARY.repeat(4000)),
      await fetch(`${server.origin}/${CANARY_WORD}`),
      await fetch(`${server.origin}/metrics`, { headers: bearer(CANARY) }),
    ]
    expect(failures.map(({ status }) => status)).toEqual([502, 502])
    expect(refusals.map(({ status }) => status)).toEqual([400, 400, 400, 401, 415, 413, 404, 401])

    setFaults(() => ({ kind: 'hang' }))
    const leaving = new AbortController()
    const gone = post(server, request, {}, leaving.signal)
    gone.catch(() => undefined)
    await ledger.until(({ inFlight }) => inFlight === 1)
    leaving.abort()
    await expect(gone).rejects.toThrow()
    await ledger.idle()

    const junk = [
      await sendRaw(server.port, `${CANARY}\r\n\r\n`),
      await sendRaw(server.port, `GET /${CANARY_WORD} HTTP/1.1\r\n${CANARY}\r\n\r\n`),
      await sendRaw(server.port, `GET / HTTP/1.1\r\nhost: x\r\nx-patient: ${CANARY.repeat(4000)}\r\n\r\n`),
      await sendRaw(
        server.port,
        `POST /v1/workflows/execute HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n${CANARY}`,
      ),
    ]
    const metrics = await metricsOf(server)
    const output = await said(server)

    const answered = await Promise.all([...failures, ...refusals].map((one) => one.text()))
    const headers = [success, ...failures, ...refusals].map((one) => JSON.stringify([...one.headers]))
    expect(output).toContain('"msg":"run ended"')
    expect(output).toContain('"msg":"request refused"')
    expect(metrics).toContain('consilium_workflow_runs_total')
    for (const text of [output, metrics, ...junk, ...answered, ...headers]) {
      expectClean(text, 'output')
      for (const secret of [KEY, METRICS_TOKEN, SECRET, token, token.split('.')[2] ?? token])
        expect(text).not.toContain(secret)
    }
    for (const secret of [KEY, METRICS_TOKEN, SECRET, token]) expect(run).not.toContain(secret)
  })

  it('says which model server refused its key, and not the key', async () => {
    const simulator = await startSimulator({ apiKeys: { 'Tiny-LLaMA-1.1B-Chat': 'another-key' } })
    onTestFinished(simulator.close)
    const ports = Object.fromEntries(simulator.roster.models.map(({ id, url }) => [id, url]))
    const server = await startListening({
      LOG_LEVEL: 'trace',
      MODEL_PORTS: JSON.stringify(ports),
      MODEL_API_KEYS: JSON.stringify({ 'Tiny-LLaMA-1.1B-Chat': KEY }),
    })
    const answer = await (await post(server, request)).text()
    expect(answer).toContain('MODEL_API_KEYS')
    expect(answer).not.toContain(KEY)
    expect(await said(server)).not.toContain(KEY)
  })
})

import { expect, test } from 'vitest'
import { type RawCall, startRawServer } from '../../helpers/raw-server.ts'
import { run } from './command.ts'

const STREAM = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n'
const event = (id: number, name: string, data: object) => `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`
const problem = (status: number, code: string) => ({ title: 'A title', status, code, detail: 'A detail.' })

const refuse = (status: number, code: string): string => {
  const body = JSON.stringify(problem(status, code))
  return `HTTP/1.1 ${status} Refused\r\ncontent-type: application/problem+json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}
const STARTED = STREAM + event(1, 'run.started', { run_id: 'r', workflow_type: 'custom', tasks: [] })
const FINISHED = STREAM + event(2, 'run.finished', problem(502, 'run_failed'))

/** Watches a run of a service that answers one request after the other like this. */
async function watch(...answers: string[]) {
  const server = await startRawServer(({ socket }: RawCall) => void socket.end(answers.shift() ?? refuse(500, 'late')))
  const end = await run(['runs', 'watch', 'r'], {
    CONSILIUM_URL: `http://127.0.0.1:${server.port}`,
    CONSILIUM_TOKEN: 't',
  })
  return { end, after: server.calls.map(({ headers }) => headers['last-event-id'] ?? null) }
}

test('a run is watched over a service that is shutting down, is not there yet, and then goes on', async () => {
  const { end, after } = await watch(STARTED, refuse(503, 'not_ready'), FINISHED)
  expect(after).toEqual([null, '1', '1'])
  expect(end).toMatchObject({ code: 1, err: expect.stringContaining('502 run_failed') })
}, 30_000)

test('a refusal that no waiting repairs ends the watch', async () => {
  const { end, after } = await watch(STARTED, refuse(404, 'not_found'))
  expect(after).toEqual([null, '1'])
  expect(end).toMatchObject({ code: 1, err: expect.stringContaining('404 not_found') })
}, 30_000)

test('so does one at the beginning, where nobody has promised anything yet', async () => {
  const { end, after } = await watch(refuse(503, 'not_ready'))
  expect([end.code, after]).toEqual([1, [null]])
}, 30_000)

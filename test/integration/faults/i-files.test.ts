import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startServerIn } from '../../helpers/process.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { newFolder } from '../store/folder.ts'
import { endOf, isReady, PATIENCE_MS, STARTS, submit } from './i-asked.ts'
import { until } from './until.ts'

const FILES = 128

/** Opens so many connections, one after the other has been taken or closed. */
async function crowd(port: number, count: number) {
  const sockets: Socket[] = []
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  for (let n = 0; n < count; n++) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    sockets.push(socket)
    await Promise.race([once(socket, 'connect'), once(socket, 'close')])
  }
  return sockets
}

const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

/** The first line of the answer to a question about health on this connection. */
async function askOn(socket: Socket): Promise<string> {
  socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n')
  const [bytes] = await once(socket, 'data')
  return `${bytes}`.split('\r\n')[0] ?? ''
}

test(
  'I13: no file descriptors are left: the service lives, ends what it has, and takes all again when they are back',
  STARTS,
  async () => {
    const model = await startHeldModel()
    const server = startServerIn(`ulimit -n ${FILES}; exec "$@"`, { ...model.env, DATA_DIR: newFolder() })
    const [, origin = ''] = await server.says(/"address":"(http:\/\/127\.0\.0\.1:\d+)".*"listening"/)
    const run_id = await submit(origin)
    const call = await model.asked(0)

    const sockets = await crowd(Number(new URL(origin).port), 2 * FILES)
    const closed = () => sockets.filter(({ closed }) => closed).length
    await until(() => closed() >= FILES, 'those without room are turned away', PATIENCE_MS)
    expect(openFiles(server.pid)).toBeGreaterThan(FILES - 4)
    // Who is in is served.
    expect(await askOn(sockets.find(({ closed }) => !closed) ?? expect.fail('nobody is in'))).toContain('200')
    answer(call)

    for (const socket of sockets) socket.destroy()
    await until(() => isReady(origin)().catch(() => false), 'ready', PATIENCE_MS)
    expect(await endOf(origin, run_id)).toMatchObject({ status: 'succeeded' })
    const next = await submit(origin)
    answer(await model.asked(1))
    expect(await endOf(origin, next)).toMatchObject({ status: 'succeeded' })
    server.signal('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null })
  },
)

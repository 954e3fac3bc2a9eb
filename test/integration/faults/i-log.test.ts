import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { makeFifo } from '../../helpers/fifo.ts'
import { freePort } from '../../helpers/free-port.ts'
import { startServerIn } from '../../helpers/process.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { endOf, isReady, PATIENCE_MS, STARTS, submit } from './i-asked.ts'
import { until } from './until.ts'

/** A service whose standard output goes there: nobody can read its address from it. */
async function startMute(redirection: string) {
  const model = await startHeldModel()
  const port = await freePort()
  const server = startServerIn(`exec "$@" ${redirection}`, {
    ...model.env,
    PORT: `${port}`,
    AUTH_FAILURE_LIMIT: '100000',
  })
  const origin = `http://127.0.0.1:${port}`
  await until(() => isReady(origin)().catch(() => false), 'it is up', PATIENCE_MS)
  const works = async () => {
    const before = model.count()
    const run_id = await submit(origin)
    answer(await model.asked(before))
    expect(await endOf(origin, run_id)).toMatchObject({ status: 'succeeded' })
  }
  /** Each leaves a line in the log. */
  const refusals = async (count: number) => {
    for (let n = 0; n < count; n += 50)
      await Promise.all(Array.from({ length: 50 }, async () => (await fetch(`${origin}/v1/roster`)).text()))
  }
  return { server, origin, works, refusals }
}

describe('where the log goes', STARTS, () => {
  test('I06: a disk that is full: the service works on, and ends as ever', async () => {
    const { server, works, refusals } = await startMute('>/dev/full')
    await works()
    await refusals(100)
    await works()
    server.signal('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null })
    expect(server.err()).toBe('')
  })

  test('I18: a pipe that nobody reads for a while: the service works on, and the lines come when it is read', async () => {
    const fifo = makeFifo()
    const { server, works, refusals } = await startMute(`1<>"${fifo.path}"`)
    // Several times what a pipe holds.
    await refusals(1500)
    await works()
    const lines: Record<string, unknown>[] = []
    const reading = createReadStream(fifo.path)
    createInterface(reading).on('line', (line) => lines.push(JSON.parse(line)))
    const said = (message: string) => lines.filter(({ msg }) => msg === message).length
    await until(() => said('run ended') === 1, 'the line of the run', PATIENCE_MS)
    expect(said('request refused')).toBe(1500)
    server.signal('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null })
    await until(() => said('stopped') === 1, 'the last line', PATIENCE_MS)
    reading.destroy()
  })

  test('I18: a pipe that nobody ever reads: the service works on, and a stop ends it all the same', async () => {
    const fifo = makeFifo()
    const { server, works, refusals } = await startMute(`1<>"${fifo.path}"`)
    await refusals(1500)
    await works()
    server.signal('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null })
  })
})

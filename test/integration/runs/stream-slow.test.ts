import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { dataOf } from '../../helpers/stream.ts'
import { eventsOf, rawReader, request } from './raw-reader.ts'
import { delta, STARTED, type StubRun, stubStream } from './stub-stream.ts'

const CANARY = 'Jane Doe, 1961. '
const PIECE = CANARY.repeat(64)
/** More than the kernel's buffers of both ends of a loopback connection hold. */
const MUCH = 32 * 1024 * 1024
const LONG = 'x'.repeat(4 * 1024 * 1024)

const deaf = (port: number) => {
  const reader = rawReader(port, request({}))
  reader.socket.pause()
  return reader
}

/** Sends text without end, a piece a turn, until the caller is gone; tells how much it was. */
async function talk({ emit, cancelled }: StubRun): Promise<number> {
  let gone = false
  void cancelled.then(() => {
    gone = true
  })
  let sent = 0
  for (; !gone && sent < 4 * MUCH; sent += 64 * PIECE.length) {
    for (let count = 0; count < 64; count++) emit(delta(PIECE))
    await turnOfTheLoop()
  }
  return sent
}

describe('a reader that does not read', () => {
  it('is dropped when too much waits: counted, told in one line, its run given up', async () => {
    const talked = Promise.withResolvers<number>()
    const server = await stubStream(async (run) => {
      run.emit(STARTED)
      talked.resolve(await talk(run))
      return {}
    })
    const { socket, closed } = deaf(server.port)
    expect(await talked.promise).toBeLessThan(MUCH)
    expect(server.readerDropped).toHaveBeenCalledTimes(1)
    expect(server.lines('slow reader dropped')).toEqual([
      {
        level: 40,
        time: expect.any(String),
        reqId: expect.any(String),
        reason: 'behind',
        waiting_bytes: expect.any(Number),
        msg: 'slow reader dropped',
      },
    ])
    const waiting = Number(server.lines('slow reader dropped')[0]?.waiting_bytes)
    expect(waiting).toBeGreaterThan(1024 * 1024)
    expect(waiting).toBeLessThan(1024 * 1024 + 65 * PIECE.length)
    socket.resume()
    expect(await closed).toBe('reset')
    expect(server.faults()).toEqual([])
  })

  it('is dropped when it takes nothing for the time allowed, though its run has ended', async () => {
    const server = await stubStream(
      async ({ emit }) => {
        emit(STARTED)
        return { text: 'x'.repeat(MUCH) }
      },
      { stall_ms: 200 },
    )
    const { socket, closed } = deaf(server.port)
    await expect.poll(() => server.readerDropped.mock.calls.length, { timeout: 5000 }).toBe(1)
    expect(server.lines('slow reader dropped')).toMatchObject([{ reason: 'stalled' }])
    await expect.poll(server.connections).toBe(0)
    socket.resume()
    expect(await closed).toBe('reset')
  })

  it('does not hold back another', async () => {
    const server = await stubStream(async (run) => {
      run.emit(STARTED)
      if (server.readerDropped.mock.calls.length === 0) await talk(run)
      return {}
    })
    deaf(server.port)
    await expect.poll(() => server.readerDropped.mock.calls.length, { timeout: 5000 }).toBe(1)
    const other = rawReader(server.port, request({}))
    await other.says(/run\.finished/)
  })
})

describe('a reader that is late', () => {
  it('because its stream stands behind another answer on its connection is not behind, and gets everything', async () => {
    const [held, spoken, spokenOn] = [0, 1, 2].map(() => Promise.withResolvers<void>())
    const speak = async (emit: StubRun['emit'], texts: string[]) => {
      for (const [at, text] of texts.entries()) {
        emit(delta(text, `t${at}`))
        await turnOfTheLoop()
      }
    }
    let runs = 0
    const server = await stubStream(
      async ({ emit }) => {
        emit(STARTED)
        if (++runs === 1) await held?.promise
        else {
          await speak(emit, Array(8).fill(LONG))
          spoken?.resolve()
          await held?.promise
          await speak(emit, Array(50).fill('more'))
          spokenOn?.resolve()
        }
        return {}
      },
      { waiting_bytes: 64 * 1024 },
    )
    const reader = rawReader(server.port, request({}) + request({}))
    reader.socket.pause()
    await spoken?.promise
    held?.resolve()
    await spokenOn?.promise
    expect(server.readerDropped).not.toHaveBeenCalled()
    reader.socket.resume()
    const whole = () => reader.text().length > MUCH && reader.text().endsWith('\r\n0\r\n\r\n')
    await expect.poll(whole, { timeout: 10_000 }).toBe(true)
    const second = await eventsOf(reader.text().slice(reader.text().indexOf('HTTP/1.1', 1)))
    expect(dataOf(second, 'task.delta').reduce((sum, data) => sum + data.delta.length, 0)).toBe(8 * LONG.length + 200)
  })

  it('for that reason and leaves: both runs on its connection hear of it, and it does not count as slow', async () => {
    const [blocked, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let runs = 0
    let over = 0
    const server = await stubStream(
      async ({ emit, cancelled }) => {
        emit(STARTED)
        if (++runs === 2) {
          for (let at = 0; at < 8; at++) {
            emit(delta(LONG, `t${at}`))
            await turnOfTheLoop()
          }
          blocked.resolve()
        }
        await cancelled
        emit(delta(LONG))
        if (++over === 2) ended.resolve()
        return {}
      },
      { waiting_bytes: 1024 },
    )
    const { socket } = rawReader(server.port, request({}) + request({}))
    await blocked.promise
    socket.destroy()
    await ended.promise
    await expect.poll(server.connections).toBe(0)
    expect(server.readerDropped).not.toHaveBeenCalled()
    expect(server.faults()).toEqual([])
  })

  it('gets everything, joined, in order and numbered without gaps', async () => {
    const pieces = Array.from({ length: 4000 }, (_, at) => `<${at}>`.padEnd(2048, '患'))
    const spoken = Promise.withResolvers<void>()
    const server = await stubStream(
      async ({ emit }) => {
        emit(STARTED)
        for (const [at, piece] of pieces.entries()) {
          emit(delta(piece, at % 2 ? 'a' : 'b'))
          if (at % 100 === 0) await turnOfTheLoop()
        }
        spoken.resolve()
        return {}
      },
      { waiting_bytes: MUCH },
    )
    const reader = deaf(server.port)
    await spoken.promise
    reader.socket.resume()
    await reader.whole()
    const events = await eventsOf(reader.text())
    expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => String(at + 1)))
    expect(events.length).toBeLessThan(pieces.length / 10)
    const heard = (task: string) =>
      dataOf(events, 'task.delta')
        .filter(({ task_id }) => task_id === task)
        .map((data) => data.delta)
        .join('')
    expect(heard('b')).toBe(pieces.filter((_, at) => at % 2 === 0).join(''))
    expect(heard('a')).toBe(pieces.filter((_, at) => at % 2 === 1).join(''))
    expect(events.at(-1)?.event).toBe('run.finished')
  })

  it('may take a document that is larger than what may wait for it', async () => {
    const server = await stubStream(
      async ({ emit }) => {
        emit(STARTED)
        for (let at = 0; at < 1000; at++) emit(delta(PIECE, `t${at}`))
        return { text: LONG }
      },
      { waiting_bytes: 64 * 1024 },
    )
    const reader = rawReader(server.port, request({}))
    await reader.whole()
    expect(server.readerDropped).not.toHaveBeenCalled()
    const events = await eventsOf(reader.text())
    expect(dataOf(events, 'run.finished')).toMatchObject([{ text: LONG }])
  })
})

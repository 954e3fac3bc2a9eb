import { describe, expect, it } from 'vitest'
import { eventsOf, rawReader, request, unchunk } from './raw-reader.ts'
import { delta, STARTED, stubStream } from './stub-stream.ts'

describe('a stream that is alive', () => {
  it('has headers that keep proxies from storing, changing or holding it back', async () => {
    const server = await stubStream(async ({ emit }) => {
      emit(STARTED)
      return {}
    })
    const reader = rawReader(server.port, request({}))
    await reader.whole()
    const head = reader.text().split('\r\n\r\n')[0]?.toLowerCase() ?? ''
    expect(head).toContain('\r\ncontent-type: text/event-stream')
    expect(head).toContain('\r\ncache-control: no-cache, no-store, no-transform\r\n')
    expect(head).toContain('\r\nx-accel-buffering: no\r\n')
    expect(head).not.toContain('content-encoding')
  })

  it('hands each event on as it happens', async () => {
    const heard = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const server = await stubStream(async ({ emit }) => {
      emit(STARTED)
      emit(delta('first'))
      await heard[0]?.promise
      emit(delta('second'))
      await heard[1]?.promise
      return {}
    })
    const reader = rawReader(server.port, request({}))
    await reader.says(/"first"/)
    heard[0]?.resolve()
    await reader.says(/"second"/)
    heard[1]?.resolve()
    await reader.says(/run\.finished/)
  })

  it('says something while nothing happens, and no event is made of it', async () => {
    const beaten = Promise.withResolvers<void>()
    const server = await stubStream(
      async ({ emit }) => {
        emit(STARTED)
        await beaten.promise
        return {}
      },
      { heartbeat_ms: 20, stall_ms: 10 },
    )
    const reader = rawReader(server.port, request({}))
    await reader.says(/(\r\n:\n\n\r\n[^:]*){3}/)
    beaten.resolve()
    await reader.whole()
    expect(unchunk(reader.text())).toContain('\n\n:\n\n:\n\n')
    expect((await eventsOf(reader.text())).map(({ id, event }) => [id, event])).toEqual([
      ['1', 'run.started'],
      ['2', 'run.finished'],
    ])
    expect(server.readerDropped).not.toHaveBeenCalled()
  })

  it('leaves its connection usable', async () => {
    const server = await stubStream(async ({ emit }) => {
      emit(STARTED)
      return {}
    })
    const reader = rawReader(server.port, request({}) + request({}))
    await reader.says(/run\.finished.*\r\n0\r\n\r\nHTTP\/1\.1 200.*run\.finished.*\r\n0\r\n\r\n$/s)
  })

  it('may wait behind another on its connection for longer than a reader may take nothing', async () => {
    const beaten = Promise.withResolvers<void>()
    let runs = 0
    const server = await stubStream(
      async ({ emit }) => {
        emit(STARTED)
        if (++runs === 1) await beaten.promise
        return {}
      },
      { heartbeat_ms: 20, stall_ms: 10 },
    )
    const reader = rawReader(server.port, request({}) + request({}))
    await reader.says(/(\r\n:\n\n\r\n[^:]*){3}/)
    beaten.resolve()
    await reader.says(/(run\.finished.*){2}/s)
    expect(runs).toBe(2)
    expect(server.readerDropped).not.toHaveBeenCalled()
  })
})

describe('a reader that leaves', () => {
  it('before the first event: the run hears of it, and nothing fails', async () => {
    const [asked, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const server = await stubStream(async ({ emit, cancelled }) => {
      asked.resolve()
      await cancelled
      emit(STARTED)
      emit(delta('to nobody'))
      ended.resolve()
      return {}
    })
    const { socket } = rawReader(server.port, request({}))
    await asked.promise
    socket.destroy()
    await ended.promise
    await expect.poll(server.connections).toBe(0)
    expect(server.faults()).toEqual([])
    expect(server.readerDropped).not.toHaveBeenCalled()
  })

  it('while much waits for it: the run hears of it, and it does not count as slow', async () => {
    const [blocked, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const server = await stubStream(
      async ({ emit, cancelled }) => {
        emit(STARTED)
        for (let at = 0; at < 32; at++) emit(delta('x'.repeat(1024 * 1024)))
        blocked.resolve()
        await cancelled
        ended.resolve()
        return {}
      },
      { waiting_bytes: Number.POSITIVE_INFINITY },
    )
    const { socket } = rawReader(server.port, request({}))
    socket.pause()
    await blocked.promise
    socket.destroy()
    await ended.promise
    await expect.poll(server.connections).toBe(0)
    expect(server.readerDropped).not.toHaveBeenCalled()
    expect(server.faults()).toEqual([])
  })
})

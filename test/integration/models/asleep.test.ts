import { setImmediate, setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { LATE_MS } from '../../../src/models/late.ts'
import { type ProbeLog, probe } from '../../../src/models/probe.ts'
import { ModelServer } from '../../../src/models/server.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { chatCompletion, httpAnswer, type RawHandler, startRawServer } from '../../helpers/raw-server.ts'
import { BODY_END, DONE, delta, httpChunk, STOP, STREAM_HEAD } from '../../helpers/sse.ts'
import { ask, modelAt, UNCANCELLED } from './subject.ts'

const IDLE_MS = 200
const SHARE_MS = 200
const BEGUN = STREAM_HEAD + httpChunk(delta('One, '))
const REST = httpChunk(delta('two.') + STOP + DONE) + BODY_END
const WHOLE = httpAnswer({ body: chatCompletion() })

/** This process stands still, as when it is stopped and goes on: it reads nothing and no timer fires meanwhile. */
const sleep = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** So long that a timer of `ms` comes late. */
const past = (ms: number) => ms + LATE_MS + 100

/** A server that has answered once, and does `handle` from then on. */
async function startTried(handle: RawHandler) {
  const raw = await startRawServer((call) => {
    if (call.method === 'GET') call.socket.write(httpAnswer({ body: '{"data":[]}' }))
    else if (raw.calls.length === 1) call.socket.write(WHOLE)
    else handle(call)
  })
  const heard: boolean[] = []
  const findings: Parameters<ProbeLog>[0][] = []
  const server = new ModelServer(modelAt(raw.url), 60_000, {
    onChange: (reachable) => heard.push(reachable),
    stream_idle_ms: IDLE_MS,
  })
  onTestFinished(() => server.client.close())
  await server.call(ask(), UNCANCELLED)
  return {
    raw,
    server,
    heard,
    findings,
    look: (patience_ms?: number) =>
      probe(server, {
        log: (finding) => findings.push(finding),
        ollama_parallel: null,
        ...(patience_ms !== undefined && { patience_ms }),
      }),
    /** Streams; `then` runs once the first piece is there, outside of whatever read it. */
    stream: (then: () => void) =>
      server.call(
        ask({
          on_delta: (piece) => {
            if (piece.startsWith('One')) void setImmediate().then(then)
          },
        }),
        UNCANCELLED,
      ),
    /** Asks for a whole answer, with a share of the task's time. */
    call: (end_ms: number, cancel = UNCANCELLED) =>
      server.call(ask({ within_ms: SHARE_MS, end: performance.now() + end_ms }), cancel),
  }
}

describe('a process that stood still in the middle of a stream', () => {
  it('reads what came meanwhile, and blames nobody', async () => {
    const { raw, server, heard, stream } = await startTried(({ socket }) => socket.write(BEGUN))
    const result = await stream(() => {
      raw.calls.at(-1)?.socket.write(REST)
      sleep(past(IDLE_MS))
    })
    expect(result).toMatchObject({ ok: true, content: 'One, two.' })
    expect([server.reachable, heard]).toEqual([true, []])
  })

  it('gives the server, which may have stood still with it, as long again', async () => {
    const { raw, server, stream } = await startTried(({ socket }) => socket.write(BEGUN))
    const result = await stream(() => {
      sleep(past(IDLE_MS))
      setTimeout(() => raw.calls.at(-1)?.socket.write(REST), IDLE_MS / 4)
    })
    expect(result).toMatchObject({ ok: true, content: 'One, two.' })
    expect(server.reachable).toBe(true)
  })

  it('reads what came also when it woke just after the time', async () => {
    const { raw, server, stream } = await startTried(({ socket }) => socket.write(BEGUN))
    const result = await stream(() => {
      raw.calls.at(-1)?.socket.write(REST)
      sleep(2 * IDLE_MS)
    })
    expect(result).toMatchObject({ ok: true, content: 'One, two.' })
    expect(server.reachable).toBe(true)
  })

  it('still finds out a server that says nothing more, and a look does not outweigh that', async () => {
    const { server, heard, stream, look } = await startTried(({ socket }) => socket.write(BEGUN))
    const result = await stream(() => sleep(past(IDLE_MS)))
    expect(result).toMatchObject({ code: 'upstream_timeout', message: expect.stringContaining('middle') })
    await look()
    expect([server.reachable, heard]).toEqual([false, [false]])
  })
})

describe('a process that stood still past the share of an attempt', () => {
  it('takes the answer that came meanwhile', async () => {
    const { raw, server, call } = await startTried(({ socket }) => {
      socket.write(WHOLE)
      sleep(past(SHARE_MS))
    })
    expect(await call(60_000)).toMatchObject({ ok: true, content: 'An answer.' })
    expect([server.reachable, raw.calls.length]).toEqual([true, 2])
  })

  it('takes it also when it woke just after the time', async () => {
    const { call } = await startTried(({ socket }) => {
      socket.write(WHOLE)
      sleep(2 * SHARE_MS)
    })
    expect(await call(60_000)).toMatchObject({ ok: true })
  })

  it('gives it up in time for the next model, and does not blame the server for what may be its own fault', async () => {
    const { raw, server, heard, call } = await startTried(() => sleep(past(SHARE_MS)))
    const end = past(SHARE_MS) + 400
    const result = await call(end)
    expect(result).toMatchObject({ ok: false, code: 'upstream_timeout', overslept: true })
    expect(result.latency_ms).toBeLessThan(end)
    await raw.calls.at(-1)?.closed
    expect([server.reachable, server.errorRate, heard]).toEqual([true, 0, []])
  })
})

describe('a process that stood still past the end of a task', () => {
  it('says that the task’s time is over, and that is no failure of the server', async () => {
    const { raw, server, heard, look, call, findings } = await startTried(({ socket }) => {
      socket.write(WHOLE)
      sleep(past(SHARE_MS))
    })
    expect(await call(SHARE_MS)).toMatchObject({ ok: false, code: 'task_timeout' })
    await raw.calls.at(-1)?.closed
    await look()
    expect([server.reachable, server.errorRate, heard, findings]).toEqual([true, 0, [], []])
  })

  it('says so too when its run’s time was over first', async () => {
    const cancellation = new Cancellation(performance.now() + 60_000)
    const { server, call } = await startTried(() => {
      sleep(past(SHARE_MS))
      cancellation.cancel('run_timeout')
    })
    expect(await call(SHARE_MS, cancellation)).toMatchObject({ ok: false, code: 'task_timeout' })
    expect([server.reachable, server.errorRate]).toEqual([true, 0])
  })
})

describe('a look at a server', () => {
  it('that was slept through finds nothing', async () => {
    const { server, findings, look } = await startTried(() => undefined)
    const asleep = look(IDLE_MS)
    await setImmediate()
    sleep(past(IDLE_MS))
    await asleep
    expect([server.reachable, findings]).toEqual([true, []])
  })

  it('does not say again what a call found out while it waited', async () => {
    const held = Promise.withResolvers<() => void>()
    const raw = await startRawServer(({ method, socket }) => {
      if (method === 'GET') held.resolve(() => void socket.write(httpAnswer({ body: '{"data":[]}' })))
      else if (raw.calls.length === 1) socket.write(WHOLE)
    })
    const said: (string | boolean)[] = []
    const server = new ModelServer(modelAt(raw.url), 60_000, { onChange: (reachable) => said.push(reachable) })
    onTestFinished(() => server.client.close())
    await server.call(ask(), UNCANCELLED)
    const looking = probe(server, {
      log: ({ finding }) => said.push(finding),
      ollama_parallel: null,
      patience_ms: 10_000,
    })
    const answerLook = await held.promise
    await wait(0)
    expect(await server.call(ask({ within_ms: 1100 }), UNCANCELLED)).toMatchObject({ code: 'upstream_timeout' })
    answerLook()
    await looking
    expect([server.reachable, said]).toEqual([false, [false]])
  })
})

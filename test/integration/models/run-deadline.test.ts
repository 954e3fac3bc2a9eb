import { setTimeout } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { ModelServer } from '../../../src/models/server.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { chatCompletion, httpAnswer, startRawServer } from '../../helpers/raw-server.ts'
import { ask, modelAt, UNCANCELLED } from './subject.ts'

/** A server that has answered once and hangs since, with five calls in flight. */
async function hanging() {
  const raw = await startRawServer(({ socket }) => {
    if (raw.calls.length === 1) socket.end(httpAnswer({ body: chatCompletion() }))
  })
  const server = new ModelServer(modelAt(raw.url, { slots: 5 }), 60_000)
  onTestFinished(() => server.client.close())
  await server.call(ask(), UNCANCELLED)
  const cancellation = new Cancellation()
  const calls = Array.from({ length: 5 }, () => server.call(ask(), cancellation))
  await raw.call(5)
  // The patience after which a timeout counts: twice what its answer took.
  await setTimeout(2 * (server.lastLatencyMs ?? 0) + 50)
  return { server, calls, cancellation }
}

it('a server that hangs until runs are over is found out, though no task ever timed out', async () => {
  const { server, calls, cancellation } = await hanging()
  cancellation.cancel('run_timeout')
  expect(await Promise.all(calls)).toMatchObject(Array(5).fill({ code: 'upstream_timeout' }))
  expect([server.breaker, server.reachable]).toEqual(['open', false])
})

it('a server whose callers leave is not blamed for it', async () => {
  const { server, calls, cancellation } = await hanging()
  cancellation.cancel('cancelled')
  expect(await Promise.all(calls)).toMatchObject(Array(5).fill({ code: 'cancelled' }))
  expect([server.breaker, server.reachable]).toEqual(['closed', true])
})

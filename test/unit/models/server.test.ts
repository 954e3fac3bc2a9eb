import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { CancelSignal } from '../../../src/contract/cancel.ts'
import { failure } from '../../../src/models/failure.ts'
import { ModelServer } from '../../../src/models/server.ts'
import { completion } from '../../helpers/fake-port.ts'
import { ask, modelAt, UNCANCELLED } from '../../integration/models/subject.ts'

const OVERTAKEN: CancelSignal = { ...UNCANCELLED, overtaken: true }

/** A server whose client is a stub: nothing is sent. */
function stubbed(cooldownMs: number) {
  const states: string[] = []
  const server = new ModelServer(modelAt('http://127.0.0.1:1/v1'), cooldownMs, {
    onBreaker: (state) => states.push(state),
  })
  onTestFinished(() => server.client.close())
  const complete = vi.spyOn(server.client, 'complete')
  const call = (cancel = UNCANCELLED) => server.call(ask(), cancel)
  const times = async (count: number, cancel = UNCANCELLED) => {
    for (let at = 0; at < count; at++) await call(cancel)
  }
  return { server, states, complete, call, times }
}

describe('the breaker of a server', () => {
  it('tells each change of its state', async () => {
    const { states, complete, times } = stubbed(0)
    complete.mockResolvedValue(failure('upstream_error', 1))
    await times(5)
    expect(states).toEqual(['open'])
    complete.mockResolvedValue(completion())
    await times(2)
    expect(states).toEqual(['open', 'half_open', 'closed'])
  })

  it('lets the next probe through when one ended by a fault of ours', async () => {
    const { states, complete, call, times } = stubbed(0)
    complete.mockResolvedValue(failure('upstream_error', 1))
    await times(5)
    complete.mockRejectedValue(new Error('ours'))
    await expect(call()).rejects.toThrow('ours')
    complete.mockResolvedValue(completion())
    expect(await call()).toMatchObject({ ok: true })
    expect(states.at(-1)).toBe('closed')
  })
})

describe('calls that were overtaken by another one', () => {
  it('open the breaker when they had waited long enough, and say nothing of whether the server is there', async () => {
    const { server, complete, times } = stubbed(60_000)
    complete.mockResolvedValue(failure('cancelled', 1000))
    await times(5, OVERTAKEN)
    expect([server.breaker, server.reachable]).toEqual(['open', null])
  })

  it.each([
    ['that had not waited long', 999, OVERTAKEN],
    ['that were given up by their caller', 60_000, UNCANCELLED],
  ])('teach nothing of calls %s', async (_, latency_ms, cancel) => {
    const { server, complete, times } = stubbed(60_000)
    complete.mockResolvedValue(failure('cancelled', latency_ms))
    await times(20, cancel)
    expect(server.breaker).toBe('closed')
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { pause } from '../../../src/run/pause.ts'

describe('a cancellation', () => {
  it('tells everyone who listens, once, and keeps the first reason', () => {
    const cancellation = new Cancellation()
    const told: string[] = []
    cancellation.onCancel(() => told.push('a'))
    cancellation.onCancel(() => told.push('b'))
    expect([cancellation.cancelled, cancellation.reason]).toEqual([false, null])
    cancellation.cancel('run_timeout')
    cancellation.cancel('cancelled')
    expect(told).toEqual(['a', 'b'])
    expect([cancellation.cancelled, cancellation.reason]).toEqual([true, 'run_timeout'])
  })

  it('does not tell who took the request back, also while it is being told', () => {
    const cancellation = new Cancellation()
    const told: string[] = []
    const forgetA = cancellation.onCancel(() => told.push('a'))
    cancellation.onCancel(() => forgetC())
    const forgetC = cancellation.onCancel(() => told.push('c'))
    forgetA()
    cancellation.cancel('cancelled')
    expect(told).toEqual([])
  })

  it('tells a latecomer at once', () => {
    const cancellation = new Cancellation()
    cancellation.cancel('cancelled')
    const told: string[] = []
    const forget = cancellation.onCancel(() => told.push('late'))
    forget()
    expect(told).toEqual(['late'])
  })
})

describe('a pause', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  it('lasts as long as it was asked to', async () => {
    const ended = vi.fn()
    void pause(100, new Cancellation()).then(ended)
    await vi.advanceTimersByTimeAsync(99)
    expect(ended).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(ended).toHaveBeenCalledOnce()
  })

  it('ends with the run, and leaves no timer behind', async () => {
    const cancellation = new Cancellation()
    const waiting = pause(100, cancellation)
    cancellation.cancel('cancelled')
    await waiting
    await pause(100, cancellation)
    expect(vi.getTimerCount()).toBe(0)
  })
})

import { describe, expect, it } from 'vitest'
import { createPermits } from '../../../simulator/permits.ts'

describe('the slots of a simulated server', () => {
  it('start as many as there are, and the next in the order of arrival', () => {
    const permits = createPermits(2)
    const started: number[] = []
    const [first, second] = [0, 1, 2, 3].map((n) => permits.acquire(() => started.push(n)))
    expect(started).toEqual([0, 1])
    second?.()
    expect(started).toEqual([0, 1, 2])
    first?.()
    expect(started).toEqual([0, 1, 2, 3])
  })

  it('pass over who has given up waiting', () => {
    const permits = createPermits(1)
    const started: number[] = []
    const leave = [0, 1, 2].map((n) => permits.acquire(() => started.push(n)))
    leave[1]?.()
    leave[0]?.()
    expect(started).toEqual([0, 2])
  })

  it('are not given back twice', () => {
    const permits = createPermits(1)
    const started: number[] = []
    const leave = [0, 1, 2].map((n) => permits.acquire(() => started.push(n)))
    leave[0]?.()
    leave[0]?.()
    expect(started).toEqual([0, 1])
  })

  it('survive 100,000 waiters that each end at once', () => {
    const permits = createPermits(1)
    let ended = 0
    const first = permits.acquire(() => undefined)
    for (let at = 0; at < 100_000; at++) {
      const leave: () => void = permits.acquire(() => {
        ended++
        leave()
      })
    }
    first()
    expect(ended).toBe(100_000)
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AttemptResult } from '../../../src/models/port.ts'
import { type Flight, hedge } from '../../../src/run/hedge.ts'
import { completion, failure } from '../../helpers/fake-port.ts'

interface Toy extends Flight {
  name: string
  end: (result: AttemptResult) => void
  crash: (fault: Error) => void
  ended: boolean
  givenUp: 'overtaken' | 'fault' | null
}

/** A call that ends when told; given up, it ends as `cancelled` 5 ms later. */
function toy(name: string): Toy {
  const { promise, resolve, reject } = Promise.withResolvers<AttemptResult>()
  const end = (result: AttemptResult) => {
    one.ended = true
    resolve(result)
  }
  const crash = (fault: Error) => {
    one.ended = true
    reject(fault)
  }
  const giveUp = (why: 'overtaken' | 'fault') => {
    one.givenUp = why
    setTimeout(end, 5, failure('cancelled'))
  }
  const one: Toy = { name, result: promise, giveUp, end, crash, ended: false, givenUp: null }
  return one
}

const OK = completion()
const BAD = failure('upstream_error')

type End = { who: 'first' | 'second'; at: number; how: AttemptResult | Error }

/** Races two calls, the second sent after 100 ms if there is one, that end as listed. */
async function race(ends: End[], hasSecond = true) {
  const first = toy('first')
  const second = toy('second')
  const send = vi.fn(() => (hasSecond ? second : null))
  for (const { who, at, how } of ends)
    setTimeout(() => {
      const one = who === 'first' ? first : second
      if (how instanceof Error) one.crash(how)
      else one.end(how)
    }, at)
  const raced = hedge(first, 100, send).then(
    ({ winner, loser, result }) => ({
      told: [winner.name, loser?.name ?? null, result.ok],
      loserEnded: loser?.ended ?? null,
      at: performance.now() - t0,
      fault: null,
    }),
    (fault: Error) => ({
      told: null,
      loserEnded: first.ended && second.ended,
      at: performance.now() - t0,
      fault: fault.message,
    }),
  )
  const t0 = performance.now()
  await vi.runAllTimersAsync()
  return { ...(await raced), first, second, sent: send.mock.calls.length }
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('a call that ends in time', () => {
  it.each([
    ['succeeding', OK],
    ['failing', BAD],
  ])('%s stays alone', async (_, how) => {
    const done = await race([{ who: 'first', at: 99, how }])
    expect(done).toMatchObject({ told: ['first', null, how.ok], at: 99, sent: 0 })
  })

  it('leaves no timer behind when it ends by a fault', async () => {
    const first = toy('first')
    const raced = hedge(first, 100, () => null)
    first.crash(new Error('ours'))
    await expect(raced).rejects.toThrow('ours')
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a call that is late', () => {
  it.each([
    ['succeeding', OK],
    ['failing', BAD],
  ])('is waited for when there is no second one to be had: %s', async (_, how) => {
    const done = await race([{ who: 'first', at: 500, how }], false)
    expect(done).toMatchObject({ told: ['first', null, how.ok], at: 500, sent: 1 })
  })

  it('wins when it succeeds before the second', async () => {
    const done = await race([{ who: 'first', at: 200, how: OK }])
    expect(done).toMatchObject({ told: ['first', 'second', true], loserEnded: true, at: 205, sent: 1 })
    expect([done.first.givenUp, done.second.givenUp]).toEqual([null, 'overtaken'])
  })

  it('loses when the second succeeds before it', async () => {
    const done = await race([{ who: 'second', at: 200, how: OK }])
    expect(done).toMatchObject({ told: ['second', 'first', true], loserEnded: true, at: 205 })
    expect([done.first.givenUp, done.second.givenUp]).toEqual(['overtaken', null])
  })

  it('that fails leaves the second to succeed', async () => {
    const done = await race([
      { who: 'first', at: 200, how: BAD },
      { who: 'second', at: 300, how: OK },
    ])
    expect(done).toMatchObject({ told: ['second', 'first', true], at: expect.toSatisfy((at) => at >= 300) })
  })

  it('may still succeed when the second has failed', async () => {
    const done = await race([
      { who: 'second', at: 200, how: BAD },
      { who: 'first', at: 300, how: OK },
    ])
    expect(done).toMatchObject({ told: ['first', 'second', true], at: expect.toSatisfy((at) => at >= 300) })
  })

  it.each([
    ['first', 'second'],
    ['second', 'first'],
  ] as const)('is what counts when both fail, the %s before the %s', async (a, b) => {
    const done = await race([
      { who: a, at: 200, how: BAD },
      { who: b, at: 300, how: BAD },
    ])
    expect(done).toMatchObject({ told: ['first', 'second', false], loserEnded: true })
    expect(done.at).toBeGreaterThanOrEqual(300)
  })
})

describe('a fault of ours', () => {
  it('while the second call is sent ends the first, and is told when that has ended', async () => {
    const first = toy('first')
    const raced = hedge(first, 100, () => {
      throw new Error('ours')
    })
    raced.catch(() => undefined)
    await vi.runAllTimersAsync()
    await expect(raced).rejects.toThrow('ours')
    expect([first.givenUp, first.ended]).toEqual(['fault', true])
  })

  it.each(['first', 'second'] as const)(
    'in the %s of two calls ends the other, and is told when both have ended',
    async (who) => {
      const done = await race([{ who, at: 200, how: new Error('ours') }])
      expect(done).toMatchObject({ fault: 'ours', loserEnded: true, at: 205 })
    },
  )

  it('in a call that is given up is told too', async () => {
    const done = await race([
      { who: 'first', at: 200, how: OK },
      { who: 'second', at: 202, how: new Error('ours') },
    ])
    expect(done).toMatchObject({ fault: 'ours', loserEnded: true })
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLate, judgeDeadline, LATE_MS } from '../../../src/models/late.ts'

const question = { now: 10_000, due: 10_000, end: 30_000, overslept: false }

describe('a timer', () => {
  it('is late when it fires more than a second after its time', () => {
    expect([isLate(LATE_MS, 0), isLate(LATE_MS + 1, 0)]).toEqual([false, true])
  })
})

describe('the deadline of an attempt', () => {
  it.each<[string, Partial<typeof question>, ReturnType<typeof judgeDeadline>]>([
    ['a timeout of the server when it comes on time', {}, 'timeout'],
    ['one also at the end of the task', { end: 10_000 }, 'timeout'],
    ['one also when the loop was a little behind', { now: 10_900 }, 'timeout'],
    ['put off by what was slept past it', { now: 14_000 }, 18_000],
    ['put off to half of what the task has left at most', { now: 26_000 }, 28_000],
    ['nobody’s fault when the task’s time was slept away', { now: 31_000 }, 'too_late'],
    ['nobody’s fault when it was put off and comes again', { overslept: true }, 'overslept'],
    ['nobody’s fault when it was put off and the task’s time is over', { overslept: true, end: 10_000 }, 'too_late'],
  ])('is %s', (_, own, verdict) => {
    expect(judgeDeadline({ ...question, ...own })).toBe(verdict)
  })

  it('is never put off past the end of the task, and never into the past', () => {
    const ms = fc.integer({ min: 0, max: 1_000_000 })
    fc.assert(
      fc.property(ms, ms, ms, fc.boolean(), (now, due, end, overslept) => {
        const verdict = judgeDeadline({ now, due, end, overslept })
        return typeof verdict !== 'number' || (verdict > now && verdict < end)
      }),
    )
  })
})

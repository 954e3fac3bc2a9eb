import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Breaker } from '../../../src/models/breaker.ts'

const COOLDOWN = 5000

/** A breaker on a clock that stands still until it is moved. */
function start() {
  let now = 0
  const changes: string[] = []
  const breaker = new Breaker(
    COOLDOWN,
    () => now,
    (state) => changes.push(state),
  )
  const admit = () => {
    const ticket = breaker.admit()
    if (ticket === null) throw new Error('The breaker refused')
    return ticket
  }
  const attempt = (failed: boolean | null) => breaker.record(admit(), failed)
  return {
    breaker,
    changes,
    admit,
    attempt,
    attempts: (...ends: (boolean | null)[]) => ends.forEach(attempt),
    later: (ms: number) => {
      now += ms
    },
    open: () => {
      for (let i = 0; i < 5; i++) attempt(true)
    },
  }
}

describe('the state of a breaker', () => {
  it('is told whenever it changes, and only then', () => {
    const { attempts, changes, later, attempt } = start()
    attempts(true, true, true, true, true)
    later(COOLDOWN)
    attempt(true)
    later(COOLDOWN)
    attempts(false, false)
    expect(changes).toEqual(['open', 'half_open', 'open', 'half_open', 'closed'])
  })
})

describe('a closed breaker', () => {
  it('opens at the fifth failure in a row, not at the fourth', () => {
    const { breaker, attempt, attempts } = start()
    attempts(true, true, true, true)
    expect(breaker.state).toBe('closed')
    attempt(true)
    expect(breaker.state).toBe('open')
    expect(breaker.admit()).toBeNull()
  })

  it('starts counting again at every success', () => {
    const { breaker, attempts } = start()
    attempts(true, true, true, true, false, true, true, true, true)
    expect(breaker.state).toBe('closed')
  })

  it('opens when half of the last 20 failed, and not before there were 20', () => {
    const { breaker, attempt } = start()
    for (let i = 0; i < 19; i++) attempt(i % 2 === 0)
    expect(breaker.state, '10 of 19').toBe('closed')
    attempt(false)
    expect(breaker.state, '10 of 20').toBe('open')
  })

  it('stays closed while fewer than half of the last 20 fail', () => {
    const { breaker, attempt } = start()
    for (let i = 0; i < 200; i++) attempt(i % 20 < 18 && i % 2 === 0)
    expect(breaker.state).toBe('closed')
  })

  it('forgets what happened more than 20 attempts ago', () => {
    const { breaker, attempts } = start()
    const sparse = [true, true, true, true, false, true, true, true, true, false]
    attempts(...sparse, ...Array(10).fill(false).slice(1))
    expect(breaker.state, '8 of 19').toBe('closed')
    attempts(...Array(20).fill(false), ...sparse)
    expect(breaker.state, '8 of 20').toBe('closed')
  })

  it('counts nothing that says nothing about the server', () => {
    const { breaker, attempts } = start()
    attempts(...Array(100).fill(null))
    attempts(true, true, null, true, null, true, null)
    expect(breaker.state).toBe('closed')
    attempts(true)
    expect(breaker.state, 'a neutral end does not interrupt a row either').toBe('open')
  })
})

describe('an open breaker', () => {
  it('refuses until it has cooled down', () => {
    const { breaker, open, later } = start()
    open()
    later(COOLDOWN - 1)
    expect([breaker.state, breaker.admit()]).toEqual(['open', null])
    later(1)
    expect(breaker.state).toBe('half_open')
    expect(breaker.admit()).not.toBeNull()
  })

  it('takes no notice of attempts that were under way when it opened', () => {
    const { breaker, admit, open } = start()
    const late = [admit(), admit()]
    open()
    breaker.record(late[0] as number, false)
    breaker.record(late[1] as number, true)
    expect([breaker.state, breaker.admit()]).toEqual(['open', null])
  })
})

describe('a half-open breaker', () => {
  const halfOpen = () => {
    const all = start()
    const late = all.admit()
    all.open()
    all.later(COOLDOWN)
    return { ...all, late }
  }

  it('lets one probe through and refuses everybody else meanwhile', () => {
    const { breaker, admit } = halfOpen()
    admit()
    expect([breaker.admit(), breaker.admit(), breaker.state]).toEqual([null, null, 'half_open'])
  })

  it('closes when the probe succeeds, with a clean record', () => {
    const { breaker, attempt, attempts } = halfOpen()
    attempt(false)
    expect(breaker.state).toBe('closed')
    attempts(true, true, true, true)
    expect(breaker.state).toBe('closed')
  })

  it('opens again for a whole cool-down when the probe fails', () => {
    const { breaker, attempt, later } = halfOpen()
    attempt(true)
    later(COOLDOWN - 1)
    expect(breaker.admit()).toBeNull()
    later(1)
    expect(breaker.admit()).not.toBeNull()
  })

  it('gives the probe to the next when it was cancelled', () => {
    const { breaker, attempt } = halfOpen()
    attempt(null)
    expect(breaker.state).toBe('half_open')
    attempt(false)
    expect(breaker.state).toBe('closed')
  })

  it.each([true, false, null])('is not moved by an older attempt that only ends now (failed: %s)', (failed) => {
    const { breaker, admit, late } = halfOpen()
    const ticket = admit()
    breaker.record(late, failed)
    expect([breaker.state, breaker.admit()]).toEqual(['half_open', null])
    breaker.record(ticket, false)
    expect(breaker.state).toBe('closed')
  })

  it('never has two probes out, whatever the order of things', () => {
    const steps = fc.array(
      fc.oneof(fc.constantFrom('admit', 'wait'), fc.record({ end: fc.nat(9), failed: fc.option(fc.boolean()) })),
      {
        maxLength: 200,
      },
    )
    fc.assert(
      fc.property(steps, (script) => {
        const { breaker, open, later } = start()
        open()
        let out: number[] = []
        let probes = 0
        for (const step of script) {
          if (step === 'wait') later(COOLDOWN)
          else if (step === 'admit') {
            const halfOpen = breaker.state === 'half_open'
            const ticket = breaker.admit()
            if (ticket === null) continue
            out.push(ticket)
            if (halfOpen) probes = out.filter((one) => one === ticket).length
            expect(probes).toBeLessThanOrEqual(1)
          } else {
            const ticket = out[step.end]
            if (ticket === undefined) continue
            out = out.filter((_, index) => index !== step.end)
            breaker.record(ticket, step.failed)
          }
        }
      }),
    )
  })
})

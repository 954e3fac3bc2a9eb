import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TenantShares } from '../../../src/run/tenants.ts'

/** Serves tenants that always have a call waiting, the one with less first, and counts the GPU time that each got. */
function serveInTurn(shares: TenantShares, sizes: Record<string, () => number>, calls: number): Record<string, number> {
  const turns = Object.keys(sizes).map((tenant) => ({ tenant, turn: shares.enter(tenant) }))
  const got = Object.fromEntries(turns.map(({ tenant }) => [tenant, 0]))
  for (let call = 0; call < calls; call++) {
    const { tenant, turn } = turns.reduce((best, next) => (next.turn.used < best.turn.used ? next : best))
    const size = (sizes[tenant] as () => number)()
    shares.enter(tenant)
    shares.serve(turn, size)
    shares.leave(tenant)
    got[tenant] = (got[tenant] as number) + size
  }
  return got
}

describe('tenants that always wait', () => {
  it('get the same GPU time, within one call, whatever the sizes of their calls', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 5 }), {
          minLength: 2,
          maxLength: 5,
        }),
        fc.integer({ min: 1, max: 200 }),
        (sizes, calls) => {
          const shares = new TenantShares()
          const next = (list: number[]) => {
            let at = 0
            return () => list[at++ % list.length] as number
          }
          const named = Object.fromEntries(sizes.map((list, at) => [`t${at}`, next(list)]))
          const got = Object.values(serveInTurn(shares, named, calls))
          expect(Math.max(...got) - Math.min(...got)).toBeLessThanOrEqual(Math.max(...sizes.flat()))
        },
      ),
    )
  })

  it('pay for calls that took longer than expected', () => {
    const shares = new TenantShares()
    const [a, b] = [shares.enter('a'), shares.enter('b')]
    shares.enter('a')
    shares.serve(a, 10)
    shares.leave('a')
    shares.correct('a', 90)
    expect([a.used, b.used]).toEqual([100, 0])
  })
})

describe('a tenant that comes while others wait', () => {
  it('is before them, however long they have waited and whatever it had before', () => {
    const shares = new TenantShares()
    serveInTurn(shares, { noisy: () => 100 }, 50)
    const noisy = shares.enter('noisy')
    const quiet = shares.enter('quiet')
    expect(quiet.used).toBeLessThan(noisy.used)
    expect(noisy.used - quiet.used).toBeLessThanOrEqual(100)
  })

  it('owes nothing for the time before it came, and has saved up nothing', () => {
    const shares = new TenantShares()
    serveInTurn(shares, { noisy: () => 100 }, 50)
    // From here on both have the same, although the noisy one has had 5 s before.
    const got = serveInTurn(shares, { noisy: () => 100, quiet: () => 10 }, 110)
    expect(Math.abs((got.noisy as number) - (got.quiet as number))).toBeLessThanOrEqual(200)
  })
})

describe('the shares of a GPU', () => {
  const step = fc.record({
    kind: fc.constantFrom('enter', 'serve', 'leave', 'correct'),
    tenant: fc.nat({ max: 3 }),
    ms: fc.double({ min: -1e4, max: 1e4, noNaN: true }),
  })

  it('never go back while a tenant waits, stay numbers, and end even', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const shares = new TenantShares()
        const waiting = new Map<string, { turn: { used: number }; count: number }>()
        for (const { kind, tenant: at, ms } of steps) {
          const tenant = `t${at}`
          const known = waiting.get(tenant)
          const before = known?.turn.used ?? Number.NEGATIVE_INFINITY
          if (kind === 'enter') waiting.set(tenant, { turn: shares.enter(tenant), count: (known?.count ?? 0) + 1 })
          else if (kind === 'correct') shares.correct(tenant, ms)
          else if (known !== undefined) {
            if (kind === 'serve') shares.serve(known.turn, Math.abs(ms))
            shares.leave(tenant)
            if (--known.count === 0) waiting.delete(tenant)
          }
          const used = waiting.get(tenant)?.turn.used
          if (used !== undefined) expect(used).toBeGreaterThanOrEqual(Math.max(0, before))
        }
        for (const [tenant, { count }] of waiting) for (let i = 0; i < count; i++) shares.leave(tenant)
        // Nobody waits: all begin even again.
        const [one, other] = [shares.enter('t0').used, shares.enter('t1').used]
        expect(one).toBe(other)
      }),
    )
  })

  it('are untouched by a tenant that does not wait', () => {
    const shares = new TenantShares()
    shares.leave('nobody')
    shares.correct('nobody', 1000)
    expect(shares.enter('nobody').used).toBe(0)
  })

  it('remember what was charged to a tenant whose last wait ended, until the others have had as much', () => {
    const shares = new TenantShares()
    const steady = shares.enter('steady')
    for (let call = 0; call < 9; call++) shares.enter('steady')
    const first = shares.enter('single')
    shares.serve(first, 100)
    shares.leave('single')
    const again = shares.enter('single')
    expect(again.used).toBe(100)
    shares.leave('single')
    for (let call = 0; call < 3; call++) shares.serve(steady, 60)
    expect(shares.enter('single').used).toBe(120)
  })
})

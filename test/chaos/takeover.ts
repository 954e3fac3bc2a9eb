import type { Acknowledged } from './client.ts'
import type { ModelCall } from './models.ts'
import { wasCutBy } from './repeats.ts'
import type { Manner } from './requests.ts'
import type { Strike } from './strikes.ts'

export interface TakeoverEvidence {
  calls: readonly ModelCall[]
  strikes: readonly Strike[]
  acknowledged: Iterable<Acknowledged>
  manners: ReadonlyMap<string, Manner>
}

/**
 * For each run that a kill cut and that goes on by itself: ms from the kill to its next call or its end, whichever comes
 * first. While the database is away nobody can take anything over: such times are left out.
 */
export function takeovers({ calls, strikes, acknowledged, manners }: TakeoverEvidence): number[] {
  const ends = new Map([...acknowledged].map(({ request, ended }) => [request, ended]))
  const byRequest = Map.groupBy(calls, ({ request }) => request)
  const away = strikes.filter(({ kind }) => kind === 'database')
  return strikes
    .filter(({ kind }) => kind === 'kill' || kind === 'kill_at_start')
    .flatMap((strike) => {
      const cut = new Set(calls.filter((call) => wasCutBy(call, strike)).map(({ request }) => request))
      return [...cut].flatMap((request) => {
        if (manners.get(request) === 'sync') return []
        const next = (byRequest.get(request) ?? []).map(({ began }) => began).filter((began) => began > strike.until)
        const end = ends.get(request) ?? Number.POSITIVE_INFINITY
        const taken = Math.min(...next, end)
        // Never taken over: a run that was acknowledged is then counted as lost.
        if (!Number.isFinite(taken)) return []
        return away.some(({ from, until }) => from < taken && until > strike.from) ? [] : [taken - strike.from]
      })
    })
}

/** Null of an empty list. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? null
}

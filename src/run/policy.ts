/** What the lane policy looks at. Times in ms on one clock. */
export interface Claim {
  /** 0 to 5, 5 the most urgent. */
  priority: number
  /** Longest remaining path of the task's run, its own work included. */
  rank: number
  /** When it began to wait. */
  since: number
  /** Order of arrival. */
  seq: number
}

export const HIGHEST_PRIORITY = 5

/**
 * The class in which a claim competes now: one class up per `aging_ms` of waiting, to 5 at most, so that nothing
 * starves. In steps, because continuous aging would undo the order by rank within a class.
 */
export function effectiveClass(claim: Claim, now: number, aging_ms: number): number {
  return Math.min(HIGHEST_PRIORITY, claim.priority + Math.floor((now - claim.since) / aging_ms))
}

/** Negative when `a` goes before `b`: higher class, then longer remaining path, then first come. */
export function compareClaims(a: Claim, b: Claim, now: number, aging_ms: number): number {
  return effectiveClass(b, now, aging_ms) - effectiveClass(a, now, aging_ms) || b.rank - a.rank || a.seq - b.seq
}

/**
 * Index of the claim that gets the next permit; -1 when none waits. A plain scan: at the default bound of 1,000 waiting
 * it costs microseconds, next to model calls of a second, and nothing has to be kept in order while claims age.
 */
export function chooseNext(claims: readonly Claim[], now: number, aging_ms: number): number {
  let best = claims.length > 0 ? 0 : -1
  for (let i = 1; i < claims.length; i++)
    if (compareClaims(claims[i] as Claim, claims[best] as Claim, now, aging_ms) < 0) best = i
  return best
}

/** A tenant among those that wait for the same permits. */
export interface TenantTurn {
  /** GPU time charged to it, in ms, on their virtual clock. */
  used: number
}

/** A run among those that wait in one lane. */
export interface RunTurn {
  /** When one of its tasks last got a permit here. */
  served_at: number
}

/** The run that a claim is made for. */
export interface Claimant {
  tenant: string
  /** When the run began. */
  start: number
  /** Its longest path, in ms of expected work. */
  path: number
  /** Expected work in ms that it has been given permits for so far. */
  given: number
}

/** What the lane policy looks at: one call that waits for a permit. Times in ms on one clock. */
export interface Claim {
  tenant: TenantTurn
  run: RunTurn
  claimant: Claimant
  /** 0 to 5, 5 the most urgent. */
  priority: number
  /** Longest remaining path of the task's run in ms of expected work, its own included. */
  rank: number
  /** When it began to wait. */
  since: number
  /** Order of arrival. */
  seq: number
}

export const HIGHEST_PRIORITY = 5

/**
 * The class in which a claim competes now: one class up per `aging_ms` of waiting, to 5 at most, so that nothing
 * starves. In steps, because continuous aging would undo the order by rank within a class. A run that is being served
 * does not starve: its waiting counts from its last permit here, or a run of 200 tasks would overtake all that came later.
 */
export function effectiveClass({ priority, since, run }: Claim, now: number, aging_ms: number): number {
  const waited = now - Math.max(since, run.served_at)
  return Math.min(HIGHEST_PRIORITY, priority + Math.floor(waited / aging_ms))
}

/** By how many ms a wide run counts as come later for each ms of work that it was given beyond its longest path. */
const WIDTH_WEIGHT = 4

/**
 * When a claim is due, within its class. A longer remaining path makes it due earlier by as much, because its run ends
 * that much later; among runs that came together this is the order by upward rank. A run that has been given more than its
 * longest path is a wide one: it counts as come later for what it had beyond, so that small runs need not wait for all of it.
 * Everything moves with the clock: whatever waits is due before all that comes long enough after it.
 */
export const dueAt = ({ claimant, rank }: Pick<Claim, 'claimant' | 'rank'>): number =>
  claimant.start + WIDTH_WEIGHT * Math.max(0, claimant.given - claimant.path) - rank

/** How classes are read: `aged` as waiting has lifted them, `asked` as the callers asked for them. */
export type Reading = 'aged' | 'asked'

/** After a permit went to a call that only its age had put first, so many go by the classes that callers asked for. */
export const ASKED_AFTER_AGED = 3

export const classOf = (claim: Claim, now: number, aging_ms: number, reading: Reading): number =>
  reading === 'aged' ? effectiveClass(claim, now, aging_ms) : claim.priority

/**
 * Negative when `a` goes before `b`: the tenant that had less of the GPU, then the higher class, then the one due earlier,
 * then first come. Why in this order: docs/adr/0016.
 */
export function compareClaims(a: Claim, b: Claim, classOfA: number, classOfB: number): number {
  return a.tenant.used - b.tenant.used || classOfB - classOfA || dueAt(a) - dueAt(b) || a.seq - b.seq
}

/**
 * Index of the claim that gets the next permit; -1 when none waits. A plain scan: at the default bound of 1,000 waiting
 * it costs microseconds, next to model calls of a second, and nothing has to be kept in order while claims age.
 */
export function chooseNext(claims: readonly Claim[], now: number, aging_ms: number, reading: Reading): number {
  let best = -1
  let bestClass = 0
  for (let i = 0; i < claims.length; i++) {
    const claim = claims[i] as Claim
    const itsClass = classOf(claim, now, aging_ms, reading)
    if (best >= 0 && compareClaims(claim, claims[best] as Claim, itsClass, bestClass) >= 0) continue
    best = i
    bestClass = itsClass
  }
  return best
}

/** How much higher a class must have been asked for to count as overtaken: between neighbours aging is nothing special. */
const FAR_ABOVE = 2

/**
 * Whether a claim went before one of its own tenant that asked for a much higher class: only its age can have put it there.
 * Under long overload everything has aged to 5; without a limit nothing would be urgent any more.
 */
export const overtakes = (chosen: Claim, claims: readonly Claim[]): boolean =>
  claims.some(({ tenant, priority }) => tenant === chosen.tenant && priority >= chosen.priority + FAR_ABOVE)

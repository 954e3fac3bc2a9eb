import {
  ASKED_AFTER_AGED,
  type Claim,
  chooseNext,
  classOf,
  compareClaims,
  HIGHEST_PRIORITY,
  overtakes,
  type Reading,
} from '../../src/run/policy.ts'

/** A claim as the lane policy sees it, and what other policies look at. */
export interface SimClaim extends Claim {
  /** Expected work of this call alone, in ms. */
  work: number
}

/** Decides which waiting call gets the next permit. */
export interface Policy {
  /** The class in which a claim competes now. */
  classOf: (claim: SimClaim, now: number, reading: Reading) => number
  /** Negative when `a` goes before `b`. */
  compare: (a: SimClaim, b: SimClaim, classOfA: number, classOfB: number) => number
  /** Index of the claim that goes first; -1 when none waits. */
  choose: (claims: readonly SimClaim[], now: number, reading: Reading) => number
  /** Whether a call that got a permit owes the lane asked ones. */
  overtakes: (chosen: SimClaim, claims: readonly SimClaim[]) => boolean
  /** So many then go by asked classes. */
  asked_after_aged: number
}

/** The policy that an order makes. */
export function by(
  compare: Policy['compare'],
  own: Omit<Policy, 'compare' | 'choose'> = {
    classOf: () => HIGHEST_PRIORITY,
    overtakes: () => false,
    asked_after_aged: 0,
  },
): Policy {
  return {
    ...own,
    compare,
    choose: (claims, now, reading) => {
      let best = -1
      let bestClass = 0
      for (let at = 0; at < claims.length; at++) {
        const claim = claims[at] as SimClaim
        const its = own.classOf(claim, now, reading)
        if (best >= 0 && compare(claim, claims[best] as SimClaim, its, bestClass) >= 0) continue
        best = at
        bestClass = its
      }
      return best
    },
  }
}

/** PRIORITY_AGING_MS of a service that was told of no other. */
export const AGING_MS = 15_000

/** The very functions that the service's lanes call. */
const ours: Policy = {
  classOf: (claim, now, reading) => classOf(claim, now, AGING_MS, reading),
  compare: compareClaims,
  choose: (claims, now, reading) => chooseNext(claims, now, AGING_MS, reading),
  overtakes,
  asked_after_aged: ASKED_AFTER_AGED,
}

export const policies: Readonly<Record<'ours' | 'first_come' | 'shortest_first' | 'priority_only', Policy>> = {
  ours,
  first_come: by((a, b) => a.seq - b.seq),
  shortest_first: by((a, b) => a.work - b.work || a.seq - b.seq),
  priority_only: by((a, b) => b.priority - a.priority || a.seq - b.seq),
}
export type PolicyName = keyof typeof policies

/** Ours, but this tenant goes before all others: what no share, however fair, can better for it. */
export const tenantFirst = (tenant: string): Policy =>
  by((a, b, classOfA, classOfB) => {
    const isIt = (claim: SimClaim) => Number(claim.claimant.tenant === tenant)
    return isIt(b) - isIt(a) || compareClaims(a, b, classOfA, classOfB)
  }, ours)

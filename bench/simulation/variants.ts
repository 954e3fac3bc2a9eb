import { ASKED_AFTER_AGED, classOf } from '../../src/run/policy.ts'
import { AGING_MS, by, type Policy, type SimClaim } from './policies.ts'

/** What our policy could do otherwise; left out: as it does. */
export interface Variant {
  /** Weight of the longest remaining path; Infinity: nothing else counts within a class. */
  rank?: number
  /** Weight of what a run was given beyond its longest path. */
  width?: number
  /** Permits of a lane that go by asked classes after one that went to a call that only its age had put first. */
  asked?: number
  /** By how many classes more a waiting call must have asked for, so that one with a permit has overtaken it. */
  apart?: number
  aging_ms?: number
}

/** Our policy with other numbers: what its own are judged by. */
export function variant(own: Variant): Policy {
  const { rank = 1, width = 4, asked = ASKED_AFTER_AGED, apart = 2, aging_ms = AGING_MS } = own
  const due = ({ claimant, rank: path }: SimClaim): number =>
    rank === Number.POSITIVE_INFINITY
      ? -path
      : claimant.start + width * Math.max(0, claimant.given - claimant.path) - rank * path
  return by(
    (a, b, classOfA, classOfB) =>
      a.tenant.used - b.tenant.used || classOfB - classOfA || due(a) - due(b) || a.seq - b.seq,
    {
      classOf: (claim, now, reading) => classOf(claim, now, aging_ms, reading),
      overtakes: (chosen, claims) =>
        claims.some(({ tenant, priority }) => tenant === chosen.tenant && priority >= chosen.priority + apart),
      asked_after_aged: asked,
    },
  )
}

/** Our policy as it was first measured: an aged call went before all others, for as long as there were any. */
export const former = variant({ width: 1, asked: 0 })

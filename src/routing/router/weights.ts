import type { Parts, Prefer, RosterRouting } from '../../contract/routing.ts'

type Weights = NonNullable<RosterRouting['weights']>

/** What counts how much. Each row adds up to 100. */
export const WEIGHTS: Readonly<Record<Prefer, Readonly<Parts>>> = {
  balanced: { quality: 40, speed: 30, fit: 20, confidence: 10, cost: 0 },
  speed: { quality: 15, speed: 60, fit: 15, confidence: 10, cost: 0 },
  quality: { quality: 70, speed: 5, fit: 15, confidence: 10, cost: 0 },
  cost: { quality: 20, speed: 10, fit: 15, confidence: 5, cost: 50 },
}

/** A row of the roster: what it does not name does not count. */
const wholeRow = (row: NonNullable<Weights[Prefer]>): Readonly<Parts> => ({
  quality: row.quality ?? 0,
  speed: row.speed ?? 0,
  fit: row.fit ?? 0,
  confidence: row.confidence ?? 0,
  cost: row.cost ?? 0,
})

/**
 * The weights of one question, adding up to 1. Complexity raises that of quality: ×0.5 for the simplest task, ×1 at
 * 0.5, ×1.5 for the hardest. A row of the roster replaces the built-in one as a whole.
 */
export function weightsFor(prefer: Prefer, complexity: number, listed: Weights = {}): Parts {
  const given = listed[prefer]
  const row = given === undefined ? WEIGHTS[prefer] : wholeRow(given)
  const quality = row.quality * (0.5 + complexity)
  const sum = quality + row.speed + row.fit + row.confidence + row.cost
  return {
    quality: quality / sum,
    speed: row.speed / sum,
    fit: row.fit / sum,
    confidence: row.confidence / sum,
    cost: row.cost / sum,
  }
}

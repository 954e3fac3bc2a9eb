import { quantile } from '../stats.ts'
import { lowerBound } from './bound.ts'
import { siteOf } from './hospital.ts'
import type { Policy } from './policies.ts'
import { createRandom } from './random.ts'
import { simulate } from './simulate.ts'
import { burst, type Foresight, slowed, URGENT } from './workload.ts'

export interface BurstResult {
  /** Makespan over its lower bound, one per seed. */
  ratios: number[]
  /** From the burst to the end of each urgent run, and of each other one, in ms. */
  urgent: number[]
  normal: number[]
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

export interface BurstOptions {
  seeds?: number
  first?: number
  /** Every call takes so many times as long. */
  slower?: number
}

/** The burst of 50 runs, once per seed, under one policy. */
export function measureBurst(
  slots: number,
  foresight: Foresight,
  policy: Policy,
  { seeds = 200, first = 1, slower = 1 }: BurstOptions = {},
): BurstResult {
  const site = siteOf(slots)
  const result: BurstResult = { ratios: [], urgent: [], normal: [] }
  for (let seed = first; seed < first + seeds; seed++) {
    const runs = burst(createRandom(seed), foresight).map((run) => slowed(run, slower))
    const { makespan, ends } = simulate(runs, site, policy)
    result.ratios.push(makespan / lowerBound(runs, site))
    for (const [index, { label, arrival }] of runs.entries())
      result[label === URGENT.label ? 'urgent' : 'normal'].push((ends[index] as number) - arrival)
  }
  return result
}

/** The 99th percentile of urgent runs, over that of first come, first served. */
export const urgentOver = (ours: BurstResult, firstCome: BurstResult): number =>
  quantile(ours.urgent, 0.99) / quantile(firstCome.urgent, 0.99)

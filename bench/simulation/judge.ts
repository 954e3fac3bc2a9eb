import { entry } from '../../src/run/entry.ts'
import { quantile } from '../stats.ts'
import { type BurstOptions, mean, measureBurst } from './burst.ts'
import { type Policy, policies, tenantFirst } from './policies.ts'
import { QUIET, type Scenario, scenariosAt } from './scenarios.ts'
import { simulate } from './simulate.ts'
import { former, variant } from './variants.ts'

/**
 * `node bench/simulation/judge.ts [first seed] [slots] [part of a title]`: what the numbers of the lane policy do, in seconds
 * from a run's arrival to its end. Not part of `npm run bench`: nothing here has a bound, it is what ADR 0016 rests on.
 */
const CANDIDATES: Readonly<Record<string, Policy>> = {
  ...policies,
  former,
  'quiet tenant first': tenantFirst(QUIET),
  'width 1': variant({ width: 1 }),
  'width 2': variant({ width: 2 }),
  'width 8': variant({ width: 8 }),
  'asked 0': variant({ asked: 0 }),
  'asked 1': variant({ asked: 1 }),
  'asked 2': variant({ asked: 2 }),
  'asked 7': variant({ asked: 7 }),
  'apart 1': variant({ apart: 1 }),
  'apart 3': variant({ apart: 3 }),
  'never aged': variant({ aging_ms: Number.POSITIVE_INFINITY }),
  'rank × 0.25': variant({ rank: 0.25 }),
  'rank × 4': variant({ rank: 4 }),
  'rank only': variant({ rank: Number.POSITIVE_INFINITY }),
}

const cell = (label: string, ms: readonly number[]): string => {
  const s = (value: number) => (value / 1000).toFixed(2)
  return `${label} (${ms.length}) mean ${s(mean(ms))} p99 ${s(quantile(ms, 0.99))} max ${s(quantile(ms, 1))}`
}
const line = (name: string, cells: readonly string[]): void => console.log(`  ${name.padEnd(20)}${cells.join(' | ')}`)

function judge({ seeds, make, site, only = Object.keys(CANDIDATES) }: Scenario, first: number): void {
  const workloads = Array.from({ length: seeds }, (_, at) => make(first + at))
  for (const name of only) {
    const policy = CANDIDATES[name] as Policy
    const flows = new Map<string, number[]>()
    for (const runs of workloads) {
      const { ends } = simulate(runs, site, policy)
      for (const [index, { label, arrival }] of runs.entries())
        entry(flows, label, (): number[] => []).push((ends[index] as number) - arrival)
    }
    const sorted = [...flows].toSorted(([a], [b]) => (a < b ? -1 : 1))
    line(
      name,
      sorted.map(([label, values]) => cell(label, values)),
    )
  }
}

function judgeBurst(slots: number, options: BurstOptions): void {
  for (const [name, policy] of Object.entries(CANDIDATES)) {
    const { ratios, urgent, normal } = measureBurst(slots, 'averages', policy, options)
    const [middle, most, last] = [mean(ratios), quantile(ratios, 0.95), quantile(ratios, 1)].map((value) =>
      value.toFixed(4),
    )
    const makespan = `makespan mean ${middle} p95 ${most} max ${last}`
    line(name, [makespan, cell('urgent', urgent), cell('others', normal)])
  }
}

const [first = 1, onlySlots = 0] = process.argv.slice(2, 4).map(Number)
const part = process.argv[4] ?? ''
for (const slots of [1, 2, 4].filter((count) => onlySlots === 0 || count === onlySlots)) {
  const tell = (title: string, run: () => void) => {
    if (!title.includes(part)) return
    console.log(`\n${slots} slots: ${title}`)
    run()
  }
  for (const slower of [1, 5])
    tell(`burst, calls × ${slower}`, () => judgeBurst(slots, { first, seeds: slower === 1 ? 200 : 50, slower }))
  for (const scenario of scenariosAt(slots)) tell(scenario.title, () => judge(scenario, first))
}

import { siteOf } from './hospital.ts'
import { gapFor, openLoop, wideRun } from './open-loop.ts'
import { createRandom } from './random.ts'
import type { SimRun } from './run.ts'
import type { Site } from './simulate.ts'

/** Work that goes on, to judge a policy by. */
export interface Scenario {
  title: string
  site: Site
  seeds: number
  /** The policies that it tells apart; left out: all. */
  only?: readonly string[]
  make: (seed: number) => SimRun[]
}

const minutes = (count: number): number => count * 60_000
const byArrival = (runs: SimRun[]): SimRun[] => runs.toSorted((a, b) => a.arrival - b.arrival)

/** The tenant that sends little. */
export const QUIET = 'quiet'

export function scenariosAt(slots: number): Scenario[] {
  const site = siteOf(slots)
  const gap = (load: number): number => gapFor(load, site)
  const mixed = (load: number, length: number, seeds: number): Scenario => ({
    title: `load ${load}, 20 % urgent`,
    site,
    seeds,
    make: (seed) => openLoop(createRandom(seed), [{ gap: gap(load), until: minutes(length), urgent: 0.2 }]),
  })
  const small = (seed: number) => openLoop(createRandom(seed), [{ gap: gap(0.5), until: minutes(10), label: 'small' }])
  const endless = (load: number): Scenario => ({
    title: `endless priority 5 (load ${load}) beside a few of 1`,
    site,
    seeds: 10,
    make: (seed) =>
      openLoop(createRandom(seed), [
        { gap: gap(load), until: minutes(10), priority: 5, label: 'endless 5' },
        { gap: gap(0.05), until: minutes(10), priority: 1, label: 'few 1' },
      ]),
  })
  const quiet = { gap: gap(0.02), until: minutes(60 / slots), tenant: QUIET, label: QUIET }
  const noisy = { ...quiet, gap: quiet.gap / 100, tenant: 'noisy', label: 'noisy' }
  return [
    mixed(0.8, 20, 10),
    mixed(0.95, 20, 10),
    mixed(2, 5, 10),
    { title: 'small runs alone, load 0.5', site, seeds: 20, make: small },
    {
      title: 'small runs, load 0.5, beside a run of 200 tasks',
      site,
      seeds: 20,
      make: (seed) => byArrival([...small(seed), wideRun(createRandom(seed), 200, 10_000)]),
    },
    endless(0.95),
    endless(2),
    {
      title: 'quiet tenant alone',
      site,
      seeds: 40,
      only: ['ours'],
      make: (seed) => openLoop(createRandom(seed), [quiet]),
    },
    {
      title: 'quiet tenant beside one that sends 100 times as much',
      site,
      seeds: 40,
      only: ['ours', 'former', 'quiet tenant first', 'first_come'],
      make: (seed) => openLoop(createRandom(seed), [quiet, noisy]),
    },
  ]
}

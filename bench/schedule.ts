import { builtinRoster } from '../src/models/builtin-roster.ts'
import { mean, measureBurst, urgentOver } from './simulation/burst.ts'
import { siteOf } from './simulation/hospital.ts'
import { burstOverHttp } from './simulation/http.ts'
import { type PolicyName, policies } from './simulation/policies.ts'
import { createRandom } from './simulation/random.ts'
import { withRanks } from './simulation/run.ts'
import { simulate } from './simulation/simulate.ts'
import { burst } from './simulation/workload.ts'
import { median, quantile } from './stats.ts'

const SLOTS = [1, 2, 4] as const
const NAMES = Object.keys(policies) as PolicyName[]

/** The burst of 50 runs under every policy, when the service knows each agent's averages: what it does once it has run a while. */
export function measureSchedule() {
  return SLOTS.map((slots) => {
    const results = NAMES.map((name) => ({ name, ...measureBurst(slots, 'averages', policies[name]) }))
    const [ours, firstCome] = results as [(typeof results)[0], (typeof results)[0]]
    const exact = measureBurst(slots, 'exact', policies.ours)
    return {
      slots,
      results,
      makespan: mean(ours.ratios),
      exact: mean(exact.ratios),
      urgent: urgentOver(ours, firstCome),
    }
  })
}

/** One line per policy: makespan over its lower bound, and how long runs took. */
export const policyLines = (part: ReturnType<typeof measureSchedule>[number]): string[] =>
  part.results.map(({ name, ratios, urgent, normal }) => {
    const s = (ms: number) => `${(ms / 1000).toFixed(1)} s`
    const [middle, most, last] = [0.5, 0.95, 1].map((share) => quantile(ratios, share).toFixed(3))
    return `      ${name.padEnd(15)} makespan mean ${mean(ratios).toFixed(3)} median ${middle} p95 ${most} max ${last}; urgent mean ${s(mean(urgent))} p99 ${s(quantile(urgent, 0.99))}; others mean ${s(mean(normal))} p99 ${s(quantile(normal, 0.99))}`
  })

/** By model, the first agent of the roster that is pinned to it. */
const agentOf = new Map(
  Object.entries(builtinRoster.agents)
    .toReversed()
    .map(([agent, { model }]) => [model, agent]),
)

/** How long a burst takes over HTTP, on model servers that are so much faster than the simulated ones, in seconds. */
const SECONDS = 6
/** How many times as fast the burst is that nobody counts. */
const WARM_UP = 500

/**
 * One burst at 1, 2 and 4 slots, in the simulation and through the whole service over HTTP, after a first one that is not
 * counted: without it compiling the service would be measured. `http` is the median of `rounds`; `ratio` how far apart the
 * two makespans are, the larger over the smaller.
 */
export async function compareOverHttp(seed = 1, rounds = 3) {
  const drawn = burst(createRandom(seed), 'exact')
  const works = new Map<string, number[]>()
  for (const { lane, duration } of drawn.flatMap(({ tasks }) => tasks))
    works.set(lane, [...(works.get(lane) ?? []), duration])
  const expected = new Map([...works].map(([lane, values]) => [lane, mean(values)]))
  // What the service will have learnt, so that both order by the same ranks.
  const runs = drawn.map((run) =>
    withRanks({ ...run, tasks: run.tasks.map((task) => ({ ...task, expected: expected.get(task.lane) as number })) }),
  )
  const learnt = { agentOf, expected }
  await burstOverHttp(runs, 4, WARM_UP, learnt)
  const pairs = SLOTS.map((slots) => ({
    slots,
    ...simulate(runs, siteOf(slots), policies.ours),
    times: [] as number[],
  }))
  for (let round = 0; round < rounds; round++)
    for (const { slots, makespan, times } of pairs)
      times.push(await burstOverHttp(runs, slots, makespan / 1000 / SECONDS, learnt))
  return pairs.map(({ slots, makespan: simulated, times }) => {
    const http = median(times)
    return { slots, simulated, http, ratio: Math.max(http / simulated, simulated / http) }
  })
}

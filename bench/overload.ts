import { measureCapacity } from './load/closed-loop.ts'
import { fire, type Hit } from './load/generator.ts'
import { watchMemory } from './load/memory-watch.ts'
import { recoverySeconds } from './load/recovery.ts'
import { MEAN_CALLS, mixedOffers, schedule } from './load/requests.ts'
import { callsPerSecond, type SiteSpec } from './load/site.ts'
import { startStand } from './load/stand.ts'
import { createRandom } from './simulation/random.ts'
import { quantile } from './stats.ts'

/** Two lanes of four slots: 32 runs/s of the mix, so that ten times as many fit on two cores together with all else. */
const SITE: SiteSpec = { lanes: 2, slots: 4, call_ms: { least: 100, most: 200 } }
const DEADLINE_MS = 2000
/** Priority of the mix, and that of those who cannot wait: half of what the site can do, under overload. */
const USUAL = mixedOffers({ timeout_ms: DEADLINE_MS, priority: 1 })
const URGENT = mixedOffers({ timeout_ms: DEADLINE_MS, priority: 5 })
const URGENT_SHARE = 0.05
const TIMES = 10

/** In seconds. */
export interface Phases {
  warmup: number
  base: number
  overload: number
  after: number
}

export const PHASES: Phases = { warmup: 5, base: 15, overload: 30, after: 15 }

/** Answers by status: 200 succeeded, 503 refused, 504 let in and not done in time. */
function count(hits: readonly Hit[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of hits) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

/** Half of what the site can do, ten times as much, and half again: open loop, every run with a deadline. */
export async function measureOverload(flags: readonly string[], phases: Phases = PHASES) {
  const stand = await startStand(SITE, flags)
  const { origin } = stand.service
  const capacity = callsPerSecond(SITE)
  const rate = capacity / MEAN_CALLS
  const closed = await measureCapacity(origin, createRandom(2), USUAL, { at_once: 24, ms: phases.warmup * 1000 })

  const start = phases.base * 1000
  const end = start + phases.overload * 1000
  const close = end + phases.after * 1000
  const common = { tenant: 'default', offers: USUAL }
  const flood = { ...common, label: 'overload', from: start, to: end }
  const shots = schedule(1, [
    { ...common, label: 'base', rate: rate / 2, from: 0, to: start },
    { ...flood, rate: rate * TIMES * (1 - URGENT_SHARE) },
    { ...flood, rate: rate * TIMES * URGENT_SHARE, offers: URGENT },
    { ...common, label: 'after', rate: rate / 2, from: end, to: close },
  ])
  const memory = watchMemory(stand.service)
  const hits = await fire(origin, shots, memory.tick)
  await memory.done()
  stand.stop()

  const labelled = (label: string) => hits.filter((hit) => hit.label === label)
  const during = labelled('overload')
  const strange = hits.filter(({ status }) => ![200, 503, 504].includes(status))
  if (strange.length > 0) throw new Error(`Neither done, refused nor late: ${JSON.stringify(count(strange))}`)
  // Only full queues show what overload does: they are full one deadline after its beginning.
  const full = start + DEADLINE_MS
  const good = hits.filter(({ status, ended }) => status === 200 && ended >= full && ended < end)
  const work = good.reduce((sum, { calls }) => sum + calls, 0) / ((end - full) / 1000)
  const refusals = during.filter(({ status }) => status === 503).map(({ latency_ms }) => latency_ms)
  return {
    rate: rate * TIMES,
    /** Calls per second in a closed loop, over what slots and call times give. */
    capacity_check: closed / capacity,
    answers: count(during),
    goodput: work / capacity,
    refusal_p50_ms: quantile(refusals, 0.5),
    refusal_p95_ms: quantile(refusals, 0.95),
    base_p99_ms: quantile(
      labelled('base').map(({ latency_ms }) => latency_ms),
      0.99,
    ),
    recovery_seconds: recoverySeconds(hits, { from: 0, to: start }, { from: end, to: close }),
    memory_mb: memory.most(start, close),
    memory_before_mb: memory.most(0, start),
    memory_after_mb: memory.most(close - 1000, close + 1000),
  }
}

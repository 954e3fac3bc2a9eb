import { fire, type Hit } from './load/generator.ts'
import { type Arrivals, MEAN_CALLS, mixedOffers, schedule } from './load/requests.ts'
import { callsPerSecond, type SiteSpec } from './load/site.ts'
import { startStand } from './load/stand.ts'
import { quantile } from './stats.ts'

/** Two lanes of four slots, calls that differ by eight times: 21 runs/s of the mix. */
const SITE: SiteSpec = { lanes: 2, slots: 4, call_ms: { least: 50, most: 400 } }
const RATE = callsPerSecond(SITE) / MEAN_CALLS
const OFFERS = mixedOffers({ timeout_ms: 5000, priority: 1 })
/** What the quiet tenant asks for, of what the site can do. */
const QUIET_SHARE = 0.15
const NOISE = 100
/** Seconds until queues are full. */
const FILL = 5

/** Fairness of shares by Jain: 1 when all are equal, 1 ÷ n when one takes all. */
export const jainIndex = (shares: readonly number[]): number =>
  shares.reduce((sum, share) => sum + share, 0) ** 2 /
  (shares.length * shares.reduce((sum, share) => sum + share ** 2, 0))

const asks = (tenant: string, share: number, from: number, to: number): Arrivals => ({
  label: tenant,
  tenant,
  rate: RATE * share,
  offers: OFFERS,
  from: from * 1000,
  to: to * 1000,
})
const of = (hits: readonly Hit[], tenant: string) => hits.filter(({ label }) => label === tenant)
const p99 = (hits: readonly Hit[]): number =>
  quantile(
    hits.map(({ latency_ms }) => latency_ms),
    0.99,
  )

/** Rounds of so many seconds. */
export interface Rounds {
  rounds: number
  seconds: number
}

/**
 * A quiet tenant alone, then with the same requests beside one that sends 100 times as much, in turns. p99 beside over p99
 * alone. Throws when a request of the quiet one is refused or fails.
 */
export async function measureNoisyTenant(flags: readonly string[], { rounds, seconds }: Rounds) {
  const stand = await startStand(SITE, flags)
  const alone: Hit[] = []
  const beside: Hit[] = []
  const end = FILL + seconds
  await fire(stand.service.origin, schedule(99, [asks('quiet', 0.5, 0, FILL)]))
  for (let round = 1; round <= rounds; round++) {
    const quiet = asks('quiet', QUIET_SHARE, FILL, end)
    alone.push(...(await fire(stand.service.origin, schedule(round, [quiet]))))
    const both = [quiet, asks('noisy', QUIET_SHARE * NOISE, 0, end)]
    beside.push(...of(await fire(stand.service.origin, schedule(round, both)), 'quiet'))
  }
  stand.stop()
  const bad = [...alone, ...beside].filter(({ status }) => status !== 200)
  if (bad.length > 0)
    throw new Error(`${bad.length} requests of the quiet tenant were not answered 200: ${bad[0]?.status}`)
  return { ratio: p99(beside) / p99(alone), alone_ms: p99(alone), beside_ms: p99(beside), requests: beside.length }
}

/** Jain's index of what three tenants get done that each ask for three times what the site can do. */
export async function measureFairness(flags: readonly string[], seconds: number) {
  const stand = await startStand(SITE, flags)
  const tenants = ['first', 'second', 'third']
  const end = FILL + seconds
  await fire(stand.service.origin, schedule(99, [asks('first', 0.5, 0, FILL)]))
  const hits = await fire(
    stand.service.origin,
    schedule(
      1,
      tenants.map((tenant) => asks(tenant, 3, 0, end)),
    ),
  )
  stand.stop()
  const done = tenants.map((tenant) =>
    of(hits, tenant)
      .filter(({ status, ended }) => status === 200 && ended >= FILL * 1000 && ended < end * 1000)
      .reduce((sum, { calls }) => sum + calls, 0),
  )
  return { index: jainIndex(done), done }
}

import { Pool } from 'undici'
import { pick, type Random } from '../simulation/random.ts'
import { authorizationOf, type Offer } from './requests.ts'

/** Until lanes are full and the first runs have ended. */
const FILL_MS = 1000

/** Calls per second that answered runs took when `at_once` runs are always under way, for so long. */
export async function measureCapacity(
  origin: string,
  random: Random,
  offers: readonly (readonly [Offer, number])[],
  { at_once, ms }: { at_once: number; ms: number },
): Promise<number> {
  const pool = new Pool(origin, { connections: at_once })
  const headers = { 'content-type': 'application/json', authorization: authorizationOf('default') }
  const start = performance.now()
  const end = start + FILL_MS + ms
  let calls = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      const offer = pick(random, offers)
      const answer = await pool.request({ method: 'POST', path: '/v1/workflows/execute', headers, body: offer.body })
      const text = await answer.body.text()
      if (answer.statusCode !== 200) throw new Error(`A run failed: ${answer.statusCode} ${text.slice(0, 300)}`)
      // What ends earlier or later was not among full lanes.
      const now = performance.now()
      if (now >= start + FILL_MS && now < end) calls += offer.calls
    }
  }
  await Promise.all(Array.from({ length: at_once }, worker))
  await pool.destroy()
  return (calls / ms) * 1000
}

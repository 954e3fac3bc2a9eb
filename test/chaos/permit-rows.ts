import type { Permits, Sharing } from './permits.ts'
import { type Row, told } from './row.ts'
import { covered, type Window } from './windows.ts'

const WORDS = {
  shared: 'most calls in flight at one model, over all replicas',
  redis: '… after Redis was struck, until lanes were shared again',
  strangers: '… the same, with a replica that had just started',
  freeze: '… while a replica was frozen for longer than its permits last, and just after',
  busy: '… when a replica took Redis for away without a strike',
} as const

/** Lanes that are seldom shared would be looked at by the lax bound only. A crowded machine has some of that. */
const MOST_BUSY = 0.2

/** How the calls in flight kept within what is allowed, for each kind of time. `lasted_ms` is how long all of it took. */
export function permitRows(
  { times }: Permits,
  windows: readonly Window[],
  { shared }: Sharing,
  lasted_ms: number,
): Row[] {
  const rows = (Object.keys(WORDS) as (keyof typeof WORDS)[]).flatMap((time) => {
    const found = times.get(time)
    if (found === undefined) return []
    const { peak, bound, calls } = found
    const what = shared ? WORDS[time] : 'most calls in flight at one model, of one replica'
    return [{ what, found: `${peak}, in ${calls} calls`, allowed: `≤ ${bound}`, good: peak <= bound }]
  })
  if (!shared) return rows
  const busy = windows.filter(({ why }) => why === 'busy')
  const struck = windows.filter(({ why }) => why === 'redis' || why === 'strangers')
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
  return [
    ...rows,
    told('time after strikes of Redis, until lanes were shared again', seconds(covered(struck))),
    {
      what: 'time with lanes not shared without a strike',
      found: `${seconds(covered(busy))}, ${busy.length} times`,
      allowed: `≤ ${seconds(lasted_ms * MOST_BUSY)}`,
      good: covered(busy) <= lasted_ms * MOST_BUSY,
    },
  ]
}

/** In a sentence each: the times in which a replica went by its own share although nothing was struck. */
export const tellBusy = (windows: readonly Window[]): string[] =>
  windows
    .filter(({ why }) => why === 'busy')
    .map(({ who, from, until }) => `${who} from ${Math.round(from)} to ${Math.round(until)}`)

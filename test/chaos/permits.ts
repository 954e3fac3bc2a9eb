import type { Visit } from './models.ts'
import type { Window } from './windows.ts'

export interface Sharing {
  /** Of every model server. */
  slots: number
  replicas: number
  /** False: each replica has the slots for itself, and is looked at by itself. */
  shared: boolean
}

type Time = Window['why'] | 'shared'

/**
 * The most calls in flight at one server that docs/adr/0022-shared-lanes.md allows. With Redis away every replica has its part of the slots, one
 * at least, and what it held: at worst one held all of them. A frozen replica may have what it held once more.
 */
export function boundOf(time: Time, { slots, replicas }: Sharing): number {
  const part = Math.max(1, Math.ceil(slots / replicas))
  if (time === 'redis' || time === 'busy') return slots + (replicas - 1) * part
  if (time === 'freeze') return 2 * slots
  return time === 'strangers' ? slots * replicas : slots
}

export interface Times {
  /** The most that were in flight at one server when another call came to it. */
  peak: number
  bound: number
  /** Calls that came. */
  calls: number
}

export interface Permits {
  times: Map<Time, Times>
  /** Calls that came when the bound was reached. */
  over: string[]
}

/**
 * A permit is free the moment a call is given up; its server sees the connection close a little later, and may by then have
 * the next call.
 */
const NOTICED_MS = 50

const isInFlight = ({ ended, cut }: Visit, at: number): boolean => ended === null || ended - (cut ? NOTICED_MS : 0) > at

/**
 * Looks at every arrival: the calls in flight at its server, itself among them, against the bound of that moment. Only
 * arrivals make them more; what is left of a time in which more were allowed, ends by itself.
 */
export function judgePermits(visits: readonly Visit[], windows: readonly Window[], sharing: Sharing): Permits {
  const permits: Permits = { times: new Map(), over: [] }
  const laneOf = ({ server, caller }: Visit) => (sharing.shared ? server : `${server} of ${caller}`)
  for (const [server, list] of Map.groupBy(visits, laneOf)) {
    let inFlight: Visit[] = []
    for (const visit of list.toSorted((a, b) => a.began - b.began)) {
      inFlight = inFlight.filter((one) => isInFlight(one, visit.began))
      inFlight.push(visit)
      const time = timeOf(visit.began, windows, sharing)
      const bound = boundOf(time, sharing)
      const times = permits.times.get(time) ?? { peak: 0, bound, calls: 0 }
      permits.times.set(time, { ...times, peak: Math.max(times.peak, inFlight.length), calls: times.calls + 1 })
      if (inFlight.length > bound) permits.over.push(tellOver(server, inFlight, time))
    }
  }
  return permits
}

/** Of all reasons at this moment the one that allows most. */
function timeOf(at: number, windows: readonly Window[], sharing: Sharing): Time {
  let most: Time = 'shared'
  for (const { why, from, until } of windows)
    if (from <= at && at <= until && boundOf(why, sharing) > boundOf(most, sharing)) most = why
  return most
}

const tellOver = (server: string, inFlight: readonly Visit[], time: Time): string =>
  `${inFlight.length} calls at ${server} (${time}): ${inFlight
    .map(({ caller, began, ended, cut }) => {
      const end = ended === null ? 'now' : Math.round(ended)
      return `${caller} from ${Math.round(began)} to ${end}${cut ? ' (cut)' : ''}`
    })
    .join(', ')}`

import type { Finding } from './findings.ts'
import { isOfRedis, type Strike } from './strikes.ts'

/**
 * A time in which the calls in flight at a model may be more than its slots (docs/adr/0022-shared-lanes.md), and why: Redis was
 * struck; it was, and a replica that started meanwhile knows nothing of the others, nor they of it; a replica was frozen for
 * longer than its permits last; a replica that got no processor took Redis for away.
 */
export interface Window {
  why: 'redis' | 'strangers' | 'freeze' | 'busy'
  from: number
  until: number
  /** Of one replica: which, and what it said. */
  who?: string
}

/** All replicas notice within a second that Redis was emptied; the rest is for a machine with other work. */
const NOTICE_MS = 1500
/** Locks of permits last 3 s and were renewed a second before at the latest. A freeze that is shorter than the rest loses none. */
const LOCK_MS = 2000
/** A replica that is awake again finds out at its next tick, a second, what it has lost. */
const AWAKE_MS = 1500
/**
 * Calls that were begun on a replica's own share ask for a permit as soon as lanes are shared again. Until Redis has heard that,
 * others may get what they use: some milliseconds, more where processes wait for a core.
 */
const OWED_MS = 500
/** So long replicas may believe in one that is dead, or not know of one that has started. */
const STRANGE_MS = 6000

interface Span {
  from: number
  until: number
}

const meets = (one: Span, other: Span): boolean => one.from <= other.until && other.from <= one.until

/** A time in which one replica went by its own share. */
interface Alone extends Span {
  replica: string
  reason: string
}

/**
 * From where a process says that its lanes go by its own share to where they are shared, or to its end. After its
 * start it waits for that before it takes work, but not for ever: then it has begun alone.
 */
function aloneIn(life: readonly Finding[], end: number): Alone[] {
  const spans: Alone[] = []
  let open: Omit<Alone, 'until'> | null = null
  let started = 0
  let everShared = false
  for (const { replica, at, what, reason } of life.toSorted((a, b) => a.at - b.at)) {
    if (what === 'started') started = at
    else if (what === 'listening') open ??= everShared ? null : { from: started, replica, reason: 'began alone' }
    else if (what === 'queue_away') open ??= { from: at, replica, reason: reason ?? 'away' }
    else if (what === 'queue_shared' || what === 'ended') {
      everShared = true
      if (open !== null) spans.push({ ...open, until: at + (what === 'ended' ? 0 : OWED_MS) })
      open = null
    }
  }
  return open === null ? spans : [...spans, { ...open, until: end }]
}

/** Since a strike of Redis: what begins while it is away or settling, and what began by that, until the last of it is over. */
function follow(span: Span, alone: readonly Alone[]): Span {
  const later = alone.filter((each) => each.until > span.until && meets(each, span))
  return later.length === 0 ? span : follow({ ...span, until: Math.max(...later.map(({ until }) => until)) }, alone)
}

/** The times in which more is allowed. */
export function windowsOf(strikes: readonly Strike[], findings: readonly Finding[], end: number): Window[] {
  const lives = Map.groupBy(findings, ({ replica, life }) => `${replica}/${life}`)
  const alone = [...lives.values()].flatMap((life) => aloneIn(life, end))
  const starts = findings.filter(({ what }) => what === 'started').map(({ at }) => at)
  const struck = strikes.filter(isOfRedis).map(({ from, until }): Window => {
    const span = follow({ from, until: until + NOTICE_MS }, alone)
    const strange = starts.some((at) => at > span.from - STRANGE_MS && at < span.until)
    return { ...span, why: strange ? 'strangers' : 'redis' }
  })
  const freezes = strikes
    .filter(({ kind, from, until }) => kind === 'freeze' && until - from > LOCK_MS)
    .map(({ replica, from, until }) => ({ replica, from: from + LOCK_MS, until: until + AWAKE_MS }))
  const unstruck = alone
    .filter((span) => !struck.some(({ from, until }) => from <= span.from && until >= span.until))
    .map(({ replica, reason, ...span }): Window => {
      const wasFrozen = freezes.some((freeze) => freeze.replica === replica && meets(freeze, span))
      return { ...span, why: wasFrozen ? 'freeze' : 'busy', who: `${replica}: ${reason}` }
    })
  const frozen = freezes.map(({ from, until }): Window => ({ why: 'freeze', from, until }))
  return [...struck, ...unstruck, ...frozen]
}

/** Time that is covered by at least one of these, in ms. */
export function covered(spans: readonly Span[]): number {
  let sum = 0
  let reached = Number.NEGATIVE_INFINITY
  for (const { from, until } of spans.toSorted((a, b) => a.from - b.from)) {
    sum += Math.max(0, until - Math.max(from, reached))
    reached = Math.max(reached, until)
  }
  return sum
}

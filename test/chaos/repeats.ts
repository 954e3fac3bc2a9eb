import type { ModelCall } from './models.ts'
import { isEnd, type Strike } from './strikes.ts'
import { covered } from './windows.ts'

/**
 * An answer may be there and not yet be read or recorded: its task is in flight until its commit. So long before a kill an
 * answer counts as such on a machine with nothing else to do, and as long again for each process that wants the same core.
 */
const COMMIT_MS = 250
const MOST_COMMIT_MS = 2000
const commitMs = ({ crowd }: Strike): number => Math.min(MOST_COMMIT_MS, COMMIT_MS * (1 + crowd))
/**
 * Nobody records anything while the database is away, nor what a replica that was frozen in a transaction has locked, such as the
 * end of its tenant's audit; whoever waits for it tries again at the latest so long after that is over.
 */
const RETRY_MS = 500
/** Sockets of a dead process are closed by its kernel; the simulator hears of it a moment later. */
const NEWS_MS = 500
/** How long a process that was frozen may go on before it knows what became of its runs. */
const AWAKE_MS = 3000
/** Whoever is silent for 8 s loses its runs. Its last sign of life is a second old when it is frozen, and a crowded machine delays it. */
const HARMLESS_MS = 6000

/** A strike that was over so long before a call may still have held up its record. */
const BEFORE_MS = 15_000

export interface Repeats {
  /** Calls of a task after its first. */
  repeated: number
  /** Of these, whose call before was in flight when its process was ended. */
  in_flight: number
  /** Of these, whose call before was answered shortly before its process was ended: how long before, in ms. */
  after_answer: number[]
  /** Of these, of runs that were in flight at a freeze. */
  around_freeze: number
  /** Calls that were in flight at the servers when processes were ended, repeated or not. */
  struck: number
  /** Those that no strike explains. */
  unexplained: string[]
}

/** Whether this strike ended the process that made this call. */
const ended = ({ caller, began }: ModelCall, strike: Strike): boolean =>
  isEnd(strike) && strike.replica === caller && began <= strike.until

/** Whether this call was on its way when the process that made it was ended. */
export const wasCutBy = (call: ModelCall, strike: Strike): boolean =>
  ended(call, strike) &&
  call.cut &&
  call.ended !== null &&
  call.ended >= strike.from &&
  call.ended <= strike.until + NEWS_MS

/** The same, or its answer came while the process died. */
const wasInFlightAt = (call: ModelCall, strike: Strike): boolean =>
  wasCutBy(call, strike) ||
  (ended(call, strike) && call.ended !== null && call.ended >= strike.from && call.ended <= strike.until)

/** How much of the time between two moments went by with the database away, or perhaps locked by another replica, in ms. */
function storeAway(caller: ModelCall['caller'], from: number, until: number, strikes: readonly Strike[]): number {
  const spans = strikes
    .filter(({ kind, replica }) => kind === 'database' || (kind === 'freeze' && replica !== caller))
    .map((strike) => ({ from: Math.max(strike.from, from), until: Math.min(strike.until + RETRY_MS, until) }))
    .filter((span) => span.until > span.from)
  return covered(spans)
}

/** From its answer to the end of its process, in ms; null when that is too long to have lost the answer. */
function lostAfter(call: ModelCall, strikes: readonly Strike[]): number | null {
  if (call.cut || call.ended === null) return null
  const { ended: answered } = call
  const lags = strikes
    .filter((strike) => ended(call, strike) && answered < strike.from)
    .filter(
      (strike) => strike.from - answered - storeAway(call.caller, answered, strike.from, strikes) <= commitMs(strike),
    )
    .map(({ from }) => from - answered)
  return lags.length === 0 ? null : Math.min(...lags)
}

/** Whether the call before was at work around a freeze, and one of the two made by the process that was frozen. */
const touchesFreeze = (before: ModelCall, call: ModelCall, strike: Strike): boolean => {
  const { kind, replica, from, until } = strike
  return (
    kind === 'freeze' &&
    until - from > HARMLESS_MS &&
    (before.caller === replica || call.caller === replica) &&
    before.began <= until + AWAKE_MS &&
    (before.ended ?? Number.POSITIVE_INFINITY) >= from - commitMs(strike)
  )
}

export function byTask(calls: readonly ModelCall[]): Map<string, ModelCall[]> {
  const tasks = Map.groupBy(calls, ({ request, task }) => `${request}/${task}`)
  for (const list of tasks.values()) list.sort((a, b) => a.began - b.began)
  return tasks
}

/** Every call after a task's first needs a strike that its call before was in flight at. */
export function judgeRepeats(calls: readonly ModelCall[], strikes: readonly Strike[]): Repeats {
  const repeats: Repeats = {
    repeated: 0,
    in_flight: 0,
    after_answer: [],
    around_freeze: 0,
    struck: calls.filter((call) => strikes.some((strike) => wasInFlightAt(call, strike))).length,
    unexplained: [],
  }
  for (const [task, list] of byTask(calls))
    for (const [index, call] of list.slice(1).entries()) {
      const before = list[index] as ModelCall
      repeats.repeated++
      const lag = lostAfter(before, strikes)
      if (strikes.some((strike) => wasInFlightAt(before, strike))) repeats.in_flight++
      else if (lag !== null) repeats.after_answer.push(lag)
      else if (strikes.some((strike) => touchesFreeze(before, call, strike))) repeats.around_freeze++
      else repeats.unexplained.push(explain(task, before, call, strikes))
    }
  return repeats
}

const at = (ms: number | null): string => (ms === null ? 'never' : `${Math.round(ms)} ms`)
/** What was done meanwhile is told too: without it nobody can say what held a record up. */
function explain(task: string, before: ModelCall, call: ModelCall, strikes: readonly Strike[]): string {
  const meanwhile = strikes
    .filter(({ from, until }) => until >= before.began - BEFORE_MS && from <= call.began)
    .map(
      ({ kind, replica, from, until, crowd }) =>
        `${kind} ${replica ?? ''} ${at(from)} to ${at(until)}, load ${crowd.toFixed(1)} a core`,
    )
  const what = `${task}: called by ${before.caller} at ${at(before.began)}, ${before.cut ? 'cut' : 'answered'} at ${at(before.ended)}, again by ${call.caller} at ${at(call.began)}`
  return [what, ...meanwhile].join('; ')
}

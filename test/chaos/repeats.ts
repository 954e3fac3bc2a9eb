import type { ModelCall } from './models.ts'
import type { Strike } from './strikes.ts'

/**
 * An answer may be there and not yet be read or recorded: its task is in flight until its commit. So long before a kill an
 * answer counts as such, for a process that has to share two cores with everything else; a few ms would do for a free one.
 */
const COMMIT_MS = 2000
/** Sockets of a dead process are closed by its kernel; the simulator hears of it a moment later. */
const NEWS_MS = 500
/** How long a process that was frozen may go on before it knows what became of its runs. */
const AWAKE_MS = 3000

export interface Repeats {
  /** Calls of a task after its first. */
  repeated: number
  /** Of these, whose call before was in flight when its process was ended. */
  in_flight: number
  /** Of these, whose call before was answered at most COMMIT_MS before a strike. */
  after_answer: number
  /** The longest time from such an answer to the strike, in ms; 0 when there was none. */
  longest_ms: number
  /** Of these, of runs that were in flight at a freeze. */
  around_freeze: number
  /** Calls that were in flight at the servers when processes were ended, repeated or not. */
  struck: number
  /** Those that no strike explains. */
  unexplained: string[]
}

const isEnd = ({ kind }: Strike): boolean => kind === 'kill' || kind === 'kill_at_start' || kind === 'stop'

/** Whether this call was on its way when the process that made it was ended. */
export const wasCutBy = ({ cut, ended }: ModelCall, strike: Strike): boolean =>
  isEnd(strike) && cut && ended !== null && ended >= strike.from && ended <= strike.until + NEWS_MS

/** The same, or its answer came while the process died. */
const wasInFlightAt = (call: ModelCall, strike: Strike): boolean =>
  wasCutBy(call, strike) ||
  (isEnd(strike) && call.ended !== null && call.ended >= strike.from && call.ended <= strike.until)

const wasAnsweredBefore = ({ cut, ended }: ModelCall, strike: Strike): boolean =>
  isEnd(strike) && !cut && ended !== null && ended >= strike.from - COMMIT_MS && ended < strike.from

/** From the answer to the first strike after it, in ms. */
const lostAfter = (call: ModelCall, strikes: readonly Strike[]): number =>
  Math.min(
    ...strikes.filter((strike) => wasAnsweredBefore(call, strike)).map(({ from }) => from - (call.ended ?? from)),
  )

const touchesFreeze = ({ began, ended }: ModelCall, { kind, from, until }: Strike): boolean =>
  kind === 'freeze' && began <= until + AWAKE_MS && (ended ?? Number.POSITIVE_INFINITY) >= from - COMMIT_MS

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
    after_answer: 0,
    longest_ms: 0,
    around_freeze: 0,
    struck: calls.filter((call) => strikes.some((strike) => wasInFlightAt(call, strike))).length,
    unexplained: [],
  }
  for (const [task, list] of byTask(calls))
    for (const [index, call] of list.slice(1).entries()) {
      const before = list[index] as ModelCall
      repeats.repeated++
      if (strikes.some((strike) => wasInFlightAt(before, strike))) repeats.in_flight++
      else if (strikes.some((strike) => wasAnsweredBefore(before, strike))) {
        repeats.after_answer++
        repeats.longest_ms = Math.max(repeats.longest_ms, lostAfter(before, strikes))
      } else if (strikes.some((strike) => touchesFreeze(before, strike))) repeats.around_freeze++
      else repeats.unexplained.push(explain(task, before, call))
    }
  return repeats
}

const at = (ms: number | null): string => (ms === null ? 'never' : `${Math.round(ms)} ms`)
const explain = (task: string, before: ModelCall, call: ModelCall): string =>
  `${task}: called at ${at(before.began)}, ${before.cut ? 'cut' : 'answered'} at ${at(before.ended)}, again at ${at(call.began)}`

import type { AttemptResult } from '../models/port.ts'

/** A call in flight. */
export interface Flight {
  /** Rejects only by a fault of ours, never because of what a server did. */
  result: Promise<AttemptResult>
  /** Ends it, soon, as `cancelled`: the other call has answered, or a fault of ours has ended both. */
  giveUp: (why: 'overtaken' | 'fault') => void
}

/** Which call counts, and the other one if there was any; both have ended. */
export interface Raced<F extends Flight> {
  winner: F
  result: AttemptResult
  loser: F | null
}

/**
 * Waits for the first call and, when it has not ended after `after_ms`, for a second one beside it (null: there is none to
 * be had). The first success wins and the other call is given up; when both fail, the first counts. Rejects with the fault
 * of either call. However it ends, both calls have ended then.
 */
export async function hedge<F extends Flight>(
  first: F,
  after_ms: number,
  second: () => F | null | Promise<F | null>,
): Promise<Raced<F>> {
  const early = await within(first.result, after_ms)
  if (early !== null) return { winner: first, result: early, loser: null }
  let other: F | null = null
  try {
    other = await second()
    if (other === null) return { winner: first, result: await first.result, loser: null }
    const winner = await firstSuccess(first, other)
    const loser = winner === first ? other : first
    loser.giveUp('overtaken')
    await loser.result
    return { winner, result: await winner.result, loser }
  } catch (fault) {
    first.giveUp('fault')
    other?.giveUp('fault')
    await Promise.allSettled([first.result, other?.result])
    throw fault
  }
}

async function within(result: Promise<AttemptResult>, ms: number): Promise<AttemptResult | null> {
  const { promise: over, resolve } = Promise.withResolvers<null>()
  const timer = setTimeout(resolve, ms, null)
  try {
    return await Promise.race([result, over])
  } finally {
    clearTimeout(timer)
  }
}

function firstSuccess<F extends Flight>(first: F, other: F): Promise<F> {
  return new Promise((resolve, reject) => {
    let failed = 0
    for (const flight of [first, other])
      flight.result.then((result) => {
        if (result.ok) resolve(flight)
        else if (++failed === 2) resolve(first)
      }, reject)
  })
}

/** A timer that fires more than so much after its time was not looked at: this process stood still, whatever the server did. */
export const LATE_MS = 1000

export const isLate = (now: number, due: number): boolean => now - due > LATE_MS

/** Times on the clock of performance.now(). */
export interface DeadlineQuestion {
  now: number
  /** When the attempt had to have ended. */
  due: number
  /** When the task must have ended, with whatever model. */
  end: number
  /** An earlier timer of the attempt came late. */
  overslept: boolean
}

/**
 * What it means that the deadline of an attempt has come. `timeout`: the server had its time. `too_late`: the task's time is over
 * and this process slept through some of it. `overslept`: the task's is not. A number: it has just been slept through, and the
 * attempt may go on until then: as much longer as we came too late, but half of what the task has left at most, so that the
 * next model still has time.
 */
export function judgeDeadline(question: DeadlineQuestion): 'timeout' | 'overslept' | 'too_late' | number {
  const { now, due, end, overslept } = question
  const late = isLate(now, due)
  if (now >= end) return late || overslept ? 'too_late' : 'timeout'
  if (late) return now + Math.min(now - due, (end - now) / 2)
  return overslept ? 'overslept' : 'timeout'
}

import type { CancelSignal } from '../contract/cancel.ts'

export interface Exchange {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body: string | null
  /** On the clock of performance.now(): everything ends by then. */
  deadline: number
  /** The same clock: a deadline that this process slept through may be put off, but not past this. */
  end: number
  max_bytes: number
  cancel: CancelSignal
  /** Reads the answer as it comes; null: it is collected. */
  reader: BodyReader | null
  /** Longest gap after a piece that the reader called alive, in ms. */
  idle_ms: number
}

/**
 * What bytes meant. `alive`: the next ones are due in time; `quiet`: nothing that counts; `ended`: whatever follows is not
 * needed; `failed`: no more is wanted.
 */
export type Reading = 'quiet' | 'alive' | 'ended' | 'failed'

/** Reads a body while it comes. Throws nothing. */
export interface BodyReader {
  /** Whether it reads the body of this answer; else it is collected. */
  takes(status: number, headers: Headers): boolean
  read(bytes: Buffer): Reading
}

/** `body` is empty when a reader took it. */
export type Answer =
  | { kind: 'answer'; status: number; headers: Headers; body: Buffer; latency_ms: number }
  | { kind: 'error'; reason: ExchangeFault; latency_ms: number }

/**
 * `unreachable`: before any byte of an answer. `broken`: within one. `stalled`: one that went on and then did not.
 * `overslept`: time ran out, and some of it passed while this process stood still. `too_late`: so did all that was left.
 */
export type ExchangeFault =
  | 'cancelled'
  | 'timeout'
  | 'overslept'
  | 'too_late'
  | 'stalled'
  | 'unreachable'
  | 'broken'
  | 'too_large'

export type Headers = Readonly<Record<string, string | string[] | undefined>>

/** A call in flight when the time of its run is over was not answered in time: that is the server's failure. */
export const reasonOf = (cancel: CancelSignal): ExchangeFault => (cancel.timed_out ? 'timeout' : 'cancelled')

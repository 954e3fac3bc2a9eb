import type { Failure } from './port.ts'

/** How one call has ended, whatever was asked for. */
export type Contact = { ok: true; latency_ms: number } | Failure

/** What one attempt teaches about a server; null: nothing. */
export interface Lesson {
  /** Whether the breaker counts it as a failure. */
  failed: boolean | null
  reachable: boolean | null
}

const NOTHING: Lesson = { failed: null, reachable: null }
const ANSWERED: Lesson = { failed: null, reachable: true }
const WORKS: Lesson = { failed: false, reachable: true }
const SLOW: Lesson = { failed: true, reachable: null }
const FAILS: Lesson = { failed: true, reachable: true }
const GONE: Lesson = { failed: true, reachable: false }

const PATIENCE_MS = 1000

/**
 * How long a call must have waited for its timeout to say something about the server: 1 s, or twice the server's usual
 * time where that is less, and never less than that usual time. All in ms; null: no answer has come yet.
 */
export const patienceOf = (usual_ms: number | null): number =>
  usual_ms === null ? PATIENCE_MS : Math.max(usual_ms, Math.min(PATIENCE_MS, 2 * usual_ms))

/**
 * Reads an attempt. 4xx and 429 say that somebody is there and nothing about its health; a timeout counts only after
 * `patience_ms`, and not at all when this process stood still meanwhile: a caller who gives a task a millisecond must not close
 * the server for everybody else. The same goes for a call that another one overtook, but that says nothing of whether the
 * server is there.
 */
export function learn(result: Contact, patience_ms: number, overtaken = false): Lesson {
  if (result.ok) return WORKS
  switch (result.code) {
    case 'upstream_unreachable':
      return GONE
    case 'upstream_timeout':
      return result.latency_ms >= patience_ms && !result.overslept ? GONE : NOTHING
    case 'cancelled':
      return overtaken && result.latency_ms >= patience_ms ? SLOW : NOTHING
    case 'upstream_error':
    case 'bad_upstream_response':
    case 'response_too_large':
      return FAILS
    case 'empty_output':
    case 'content_filtered':
    case 'input_truncated':
      return WORKS
    case 'rate_limited':
    case 'upstream_rejected':
      return ANSWERED
    default:
      return NOTHING
  }
}

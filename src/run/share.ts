/** A call may take so much longer than such calls usually do before it counts as hanging. */
const LENIENCE = 1.5

export interface ShareQuestion {
  /** When the call goes out, and when all must be over; on one clock in ms. */
  sent: number
  end: number
  /** Models that could still be asked after this one. */
  fallbacks_left: number
  /** What such a call usually takes in ms; null while unknown. */
  expected_ms: number | null
}

/**
 * When an attempt must have ended. A server that hangs may use up only its share of what remains, so that the next one still
 * has time. But a call that is known to need more than its share gets that: cut off in half, it would fail on every server.
 */
export function shareEnd({ sent, end, fallbacks_left, expected_ms }: ShareQuestion): number {
  const share = sent + (end - sent) / (1 + fallbacks_left)
  return expected_ms === null ? share : Math.max(share, Math.min(end, sent + LENIENCE * expected_ms))
}

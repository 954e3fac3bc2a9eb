// Adding 0 turns -0, which a rounded tiny negative gives, into 0.

/** Milliseconds to the microsecond: 3 decimals. */
export const roundMs = (ms: number): number => Math.round(ms * 1000) / 1000 + 0

/** A ratio to 4 decimals. */
export const roundRatio = (ratio: number): number => Math.round(ratio * 10_000) / 10_000 + 0

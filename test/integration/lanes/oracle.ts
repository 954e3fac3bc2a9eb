import type { LedgerEntry } from '../../../simulator/ledger.ts'

/** The most of these calls that were at servers at one moment, by the servers' own books. */
export function peakOf(entries: readonly LedgerEntry[]): number {
  const edges = entries.flatMap(({ receivedAt, endedAt }) => [
    { at: receivedAt, step: 1 },
    { at: endedAt ?? Number.POSITIVE_INFINITY, step: -1 },
  ])
  edges.sort((a, b) => a.at - b.at || a.step - b.step)
  let now = 0
  return edges.reduce((peak, { step }) => {
    now += step
    return Math.max(peak, now)
  }, 0)
}

/** Sum over all series of a metric whose labels match. */
export function total(metrics: string, name: string, labels = /./): number {
  return metrics
    .split('\n')
    .map((line) => /^(\w+)(\{.*\})? (\S+)$/.exec(line))
    .filter((found) => found?.[1] === name && labels.test(found[2] ?? '{}'))
    .reduce((sum, found) => sum + Number(found?.[3]), 0)
}

/** Random numbers that are the same in every run of the tests: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Share of the pause that differs from one to the next, so that servers are not all asked in the same moment. */
const JITTER = 0.2

/**
 * Looks now and then again and again, about `interval_ms` after the last look has ended, so that none overlaps with the next.
 * `look` must not reject. Keeps no process alive by itself; the function that it gives ends it.
 */
export function watch(look: () => Promise<void>, interval_ms: number): () => void {
  let timer: NodeJS.Timeout | undefined
  let ended = false
  const again = async (): Promise<void> => {
    await look()
    if (ended) return
    const pause = interval_ms * (1 - JITTER + 2 * JITTER * Math.random())
    timer = setTimeout(() => void again(), pause).unref()
  }
  void again()
  return () => {
    ended = true
    clearTimeout(timer)
  }
}

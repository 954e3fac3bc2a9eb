import type { BenchProcess } from '../process.ts'

const MB = 1_000_000
const EVERY_MS = 250

/** Looks at a process's resident memory four times a second, whenever `tick` is called with the time in ms. */
export function watchMemory(process: BenchProcess) {
  const seen: { at: number; mb: number }[] = []
  let looking = Promise.resolve()
  let next = 0
  const look = async (now: number): Promise<void> => {
    const { rss } = await process.usage()
    seen.push({ at: now, mb: rss / MB })
  }
  return {
    tick: (now: number): void => {
      if (now < next) return
      next = now + EVERY_MS
      looking = looking.then(() => look(now))
    },
    /** The most from one time to another, in MB. */
    most: (from: number, to: number): number =>
      Math.max(...seen.filter(({ at }) => at >= from && at < to).map(({ mb }) => mb)),
    /** What was asked has been answered. */
    done: () => looking,
  }
}

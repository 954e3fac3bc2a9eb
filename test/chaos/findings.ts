/** What a process of the service says in its log about the lanes that it shares. Times are performance.now() of this process. */
export interface Finding {
  replica: string
  /** Counts the processes of one replica. */
  life: number
  at: number
  /** `started` and `ended` are of the process itself, the others its own words. */
  what: 'started' | 'ended' | (typeof WORDS)[number]
  /** Why it takes Redis for away. */
  reason?: string
}

const WORDS = ['listening', 'queue_away', 'queue_settling', 'queue_shared', 'permit_lost'] as const

/** The finding of one line of a log; null when it is about something else. */
export function readFinding(line: string): Pick<Finding, 'at' | 'what' | 'reason'> | null {
  if (!line.includes('"finding":') && !line.includes('"listening"')) return null
  try {
    const { time, finding, msg, reason } = JSON.parse(line) as Record<'time' | 'finding' | 'msg' | 'reason', string>
    const what = WORDS.find((word) => word === (finding ?? msg))
    if (what === undefined) return null
    return { what, at: Date.parse(time) - performance.timeOrigin, ...(reason !== undefined && { reason }) }
  } catch {
    // A line that was cut by the end of its process.
    return null
  }
}

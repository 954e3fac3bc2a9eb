import type { RunEvent } from '../contract/events.ts'
import { eventLine, waitingLine } from './event-line.ts'
import { measuringLine, progressLines } from './progress-view.ts'
import type { Terminal } from './terminal.ts'
import { emptyTrace, follow, settle, type Trace } from './trace.ts'

const FRAME_MS = 100
/** A permit that comes sooner is not worth a line. */
const LONG_WAIT_MS = 1000
/** More lines than this could leave the screen, and what left it cannot be redrawn. */
const MOST_LIVE_LINES = 20

export interface Progress {
  onEvent: (event: RunEvent) => void
  /** Ends the display. Returns what was seen, settled at `total_ms`; null: when the last event was seen. */
  end: (total_ms: number | null) => Trace
}

/** Shows nothing, but remembers. */
export function silentProgress(show: (event: RunEvent, trace: Trace) => void = () => undefined): Progress {
  let trace = emptyTrace
  let last_ms = 0
  return {
    onEvent: (event) => {
      trace = follow(trace, event)
      if ('at_ms' in event.data) last_ms = event.data.at_ms as number
      show(event, trace)
    },
    end: (total_ms) => settle(trace, total_ms ?? last_ms),
  }
}

/** One line per event, for a log or a pipe, and one for a task that has to wait. */
function plainProgress(err: Terminal['err']): Progress {
  const waits = new Set<NodeJS.Timeout>()
  let latest: Trace = emptyTrace
  const write = (line: string | null) => {
    if (line !== null) err(`${line}\n`)
  }
  const inner = silentProgress((event, trace) => {
    latest = trace
    write(eventLine(event, trace))
    if (event.event !== 'task.queued') return
    const { task_id, at_ms } = event.data
    const timer = setTimeout(() => {
      waits.delete(timer)
      write(waitingLine(task_id, latest, at_ms + LONG_WAIT_MS))
    }, LONG_WAIT_MS)
    waits.add(timer)
  })
  return {
    onEvent: inner.onEvent,
    end: (total_ms) => {
      for (const timer of waits) clearTimeout(timer)
      return inner.end(total_ms)
    },
  }
}

/** One line per task, redrawn in place with the time that it has taken so far. */
function liveProgress(err: Terminal['err'], columns: number): Progress {
  let trace: Trace = emptyTrace
  let begun = 0
  let frame = 0
  let drawn = 0
  let measuringSince: number | null = null
  const draw = () => {
    const now = performance.now()
    const lines = progressLines(trace, now - begun, frame++, columns)
    if (measuringSince !== null) lines.push(measuringLine(now - measuringSince, columns))
    const back = drawn === 0 ? '' : `\u001b[${drawn}A`
    // Each line erases what is left of the one before it, so that nothing flickers.
    err(back + lines.map((line) => `${line}\u001b[K\n`).join(''))
    drawn = lines.length
  }
  const inner = silentProgress((event, now) => {
    trace = now
    if (event.event === 'run.started') begun = performance.now()
    if (event.event === 'run.measuring') measuringSince = performance.now()
    if (event.event !== 'task.delta' && event.event !== 'run.finished') draw()
  })
  const timer = setInterval(() => {
    if (drawn > 0) draw()
  }, FRAME_MS)
  return {
    onEvent: inner.onEvent,
    end: (total_ms) => {
      clearInterval(timer)
      trace = inner.end(total_ms)
      if (drawn > 0) draw()
      return trace
    },
  }
}

/** Live lines where the terminal can redraw them and the plan is short enough, else one line per event. */
export function showProgress({ err, liveColumns }: Terminal): Progress {
  if (liveColumns === null) return plainProgress(err)
  let chosen: Progress | null = null
  return {
    onEvent: (event) => {
      const many = event.event === 'run.started' && event.data.tasks.length > MOST_LIVE_LINES
      chosen ??= many ? plainProgress(err) : liveProgress(err, liveColumns)
      chosen.onEvent(event)
    },
    end: (total_ms) => chosen?.end(total_ms) ?? emptyTrace,
  }
}

import type { TimelineSpan } from '../contract/timeline.ts'

/** From the faintest to what must stay visible where several meet in one column. */
export const MARKS = { queue: '·', back_off: '~', failed: 'x', beside: '░', ok: '█', both: '▓' } as const
export type Mark = keyof typeof MARKS

/** `answered`: the task's answer has come, so that a call which was not waited for gave way to the one that brought it. */
export function markOf({ kind, outcome }: TimelineSpan, answered: boolean): Exclude<Mark, 'both'> {
  if (kind !== 'attempt') return kind
  if (outcome === 'ok') return 'ok'
  return answered && outcome === 'cancelled' ? 'beside' : 'failed'
}

export const isAnswer = ({ kind, outcome }: TimelineSpan): boolean => kind === 'attempt' && outcome === 'ok'

/** The columns of a stretch of time in a chart of `width` for `total_ms`: at least one. */
function columns(from: number, to: number, total_ms: number, width: number): [number, number] {
  const column = (at: number) => (total_ms > 0 ? Math.min(width, Math.round((at / total_ms) * width)) : 0)
  const start = Math.min(width - 1, column(from))
  return [start, Math.max(column(to), start + 1)]
}

/** A task's bar: every span where it was, as long as it was. Calls show however short they were, waits only from a column on. */
export function taskBar(spans: readonly TimelineSpan[], total_ms: number, width: number): string {
  const cells = new Array<string>(width).fill(' ')
  const answered = spans.some(isAnswer)
  for (const mark of Object.keys(MARKS) as Mark[])
    for (const span of spans) {
      if (markOf(span, answered) !== mark) continue
      if (span.kind !== 'attempt' && (span.to_ms - span.from_ms) * width < total_ms / 2) continue
      const [start, end] = columns(span.from_ms, span.to_ms, total_ms, width)
      for (let at = start; at < end; at++)
        cells[at] = MARKS[mark === 'ok' && cells[at] === MARKS.beside ? 'both' : mark]
    }
  return cells.join('')
}

/** A GPU's bar: how many of these calls were in flight in the middle of each column; 1 also for one that was so only beside it. */
export function gpuBar(calls: readonly TimelineSpan[], total_ms: number, width: number): string {
  const counts = new Array<number>(width).fill(0)
  for (const { from_ms, to_ms } of calls) {
    const [start, end] = columns(from_ms, to_ms, total_ms, width)
    for (let at = start; at < end; at++) {
      const middle = ((at + 0.5) / width) * total_ms
      if (from_ms <= middle && middle < to_ms) counts[at] = (counts[at] as number) + 1
    }
  }
  const cells = counts.map((count) => (count > 9 ? '+' : count === 0 ? ' ' : String(count)))
  for (const { from_ms, to_ms } of calls) {
    const [start, end] = columns(from_ms, to_ms, total_ms, width)
    for (let at = start; at < end; at++) if (cells[at] === ' ') cells[at] = '1'
  }
  return cells.join('')
}

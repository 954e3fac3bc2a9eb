import type { Timeline, TimelineSpan, TimelineTask } from '../contract/timeline.ts'
import { gpuBar, isAnswer, MARKS, type Mark, markOf, taskBar } from './bars.ts'
import { ms, plural } from './numbers.ts'
import { printable } from './printable.ts'
import { timeScale } from './time-scale.ts'

const LONGEST_NAME = 32
const NARROWEST_BAR = 20
const WIDEST_BAR = 60

const MEANING: Readonly<Record<Mark, string>> = {
  ok: 'working',
  queue: 'waiting for a permit',
  failed: 'attempt that came to nothing',
  beside: 'call that gave way to another',
  both: 'two calls side by side',
  back_off: 'pause before the next',
}

interface Row {
  label: string
  bar: (width: number) => string
  remark: string
}

const name = (text: string): string => {
  const shown = printable(text)
  return shown.length > LONGEST_NAME ? `${shown.slice(0, LONGEST_NAME - 1)}…` : shown
}

const lasted = ({ from_ms, to_ms }: TimelineSpan): number => to_ms - from_ms

/** How long the accepted attempt took, or how the task ended otherwise; who was asked last, and where; what it lost. */
function remark({ status, ready_at_ms, ended_at_ms, spans }: TimelineTask): string {
  const accepted = spans.find(isAnswer)
  const parts = [accepted ? ms(lasted(accepted)) : status]
  const asked = accepted ?? spans.findLast(({ model }) => model !== null)
  if (asked?.model) {
    const again = asked.hedge ? ', second call' : asked.attempt > 1 ? `, attempt ${asked.attempt}` : ''
    parts.push(`${name(asked.model)} (GPU ${asked.gpu}${again})`)
  }
  const waited = spans.reduce((sum, span) => sum + (span.kind === 'queue' ? lasted(span) : 0), 0)
  const lost = (accepted?.from_ms ?? ended_at_ms) - (ready_at_ms ?? ended_at_ms) - waited
  if (waited >= 1) parts.push(`waited ${ms(waited)}`)
  if (lost >= 1 && spans.some((span) => markOf(span, accepted !== undefined) === 'failed'))
    parts.push(`${accepted ? 'retried' : 'tried'} ${ms(lost)}`)
  else if (lost >= 1 && accepted?.hedge) parts.push(`sent after ${ms(lost)}`)
  return parts.join('  ')
}

function rowsOf({ total_ms, tasks, gpus }: Timeline): Row[] {
  const calls = tasks.flatMap(({ spans }) => spans.filter(({ sent }) => sent))
  return [
    ...tasks.map((task) => ({
      label: name(task.task_id),
      bar: (width: number) => taskBar(task.spans, total_ms, width),
      remark: remark(task),
    })),
    ...gpus.map(({ id, busy_ms, peak }) => ({
      label: `GPU ${id}`,
      bar: (width: number) =>
        gpuBar(
          calls.filter(({ gpu }) => gpu === id),
          total_ms,
          width,
        ),
      remark: `busy ${ms(busy_ms)}, at most ${plural(peak, 'call')} at once`,
    })),
  ]
}

/** What the marks mean that occur in these bars. */
function legend(bars: string, { gpus }: Timeline): string {
  const used = (Object.keys(MEANING) as Mark[]).filter((mark) => bars.includes(MARKS[mark]))
  const shown = used.map((mark) => `  ${MARKS[mark]} ${MEANING[mark]}`)
  return [...shown, ...(gpus.length > 0 ? ['  1-9 calls in flight'] : [])].join(' ')
}

/**
 * What ran where and when, as lines: a bar per task in plan order and a bar per GPU with this run's calls on it, over the
 * wall time of the run, a scale, and what the marks mean. Fits `columns` down to a bar of 20.
 */
export function timelineLines(timeline: Timeline, columns: number): string[] {
  const rows = rowsOf(timeline)
  if (rows.length === 0) return []
  const label = Math.max(...rows.map((row) => row.label.length))
  const behind = Math.max(...rows.map((row) => row.remark.length))
  const width = Math.max(NARROWEST_BAR, Math.min(WIDEST_BAR, columns - label - behind - 8))
  const bars = rows.map((row) => row.bar(width))
  const lines = rows.map((row, at) => `  ${row.label.padEnd(label)}  |${bars[at]}|  ${row.remark}`)
  lines.push(`${' '.repeat(label + 5)}${timeScale(timeline.total_ms, width)}`, legend(bars.join(''), timeline))
  return lines
}

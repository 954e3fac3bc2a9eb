import { ms } from './numbers.ts'
import { printable } from './printable.ts'
import { timeScale } from './time-scale.ts'
import type { Span, SpanKind, TaskTrace, Trace } from './trace.ts'

export const MARKS: Readonly<Record<SpanKind, string>> = { waiting: '·', retrying: 'x', working: '█' }

const LONGEST_NAME = 32
const NARROWEST_BAR = 20
const WIDEST_BAR = 60

const name = (text: string): string => {
  const shown = printable(text)
  return shown.length > LONGEST_NAME ? `${shown.slice(0, LONGEST_NAME - 1)}…` : shown
}

/** A bar of `width` columns for `total_ms`: every span where it was, as long as it was. */
export function bar(spans: readonly Span[], total_ms: number, width: number): string {
  const cells = new Array<string>(width).fill(' ')
  const column = (at: number): number => (total_ms > 0 ? Math.min(width, Math.round((at / total_ms) * width)) : 0)
  for (const { kind, from, to } of spans) {
    const start = Math.min(width - 1, column(from))
    // Work too short for a column is still work; waiting too short for one is nothing to look at.
    const end = Math.max(column(to), kind === 'waiting' ? 0 : start + 1)
    cells.fill(MARKS[kind], start, end)
  }
  return cells.join('')
}

const spent = (task: TaskTrace, kind: SpanKind): number =>
  task.spans.filter((span) => span.kind === kind).reduce((sum, { from, to }) => sum + to - from, 0)

/** What stands behind a bar: how long the accepted attempt took, how the task ended otherwise, and what it lost. */
function remark(task: TaskTrace): string {
  const parts = [task.latency_ms === null ? task.state : ms(task.latency_ms)]
  parts.push(name(task.model))
  const waited = spent(task, 'waiting')
  const retried = spent(task, 'retrying')
  if (waited >= 1) parts.push(`waited ${ms(waited)}`)
  if (retried >= 1) parts.push(task.state === 'succeeded' ? `retried ${ms(retried)}` : `tried ${ms(retried)}`)
  return parts.join('  ')
}

function group(trace: Trace): [number, TaskTrace[]][] {
  const byGpu = new Map<number, TaskTrace[]>()
  for (const task of trace.values()) byGpu.set(task.gpu, [...(byGpu.get(task.gpu) ?? []), task])
  return [...byGpu].sort(([a], [b]) => a - b)
}

/**
 * What ran where and when, as lines: tasks in plan order under the GPU of the model last asked, one bar each over the
 * wall time of the run (`total_ms`), a scale, and what the marks mean. Fits `columns` down to a bar of 20.
 */
export function timeline(trace: Trace, total_ms: number, columns: number): string[] {
  const groups = group(trace)
  const tasks = [...trace.values()]
  if (tasks.length === 0) return []
  const label = Math.max(...tasks.map((task) => name(task.task_id).length))
  const behind = Math.max(...tasks.map((task) => remark(task).length))
  const width = Math.max(NARROWEST_BAR, Math.min(WIDEST_BAR, columns - label - behind - 8))
  const lines: string[] = []
  for (const [gpu, members] of groups) {
    lines.push(`GPU ${gpu}`)
    for (const task of members)
      lines.push(`  ${name(task.task_id).padEnd(label)}  |${bar(task.spans, total_ms, width)}|  ${remark(task)}`)
  }
  lines.push(`${' '.repeat(label + 5)}${timeScale(total_ms, width)}`)
  const { working, waiting, retrying } = MARKS
  lines.push(`  ${working} working   ${waiting} waiting for a permit   ${retrying} failed attempts and pauses`)
  return lines
}

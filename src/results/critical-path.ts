import type { Outcome } from '../contract/outcome.ts'
import type { GraphView } from './input.ts'

export interface CriticalPath {
  /** Milliseconds, not rounded. */
  length_ms: number
  /** Indices in plan order, each a dependency of the next. Empty when nothing succeeded. */
  path: number[]
}

/**
 * The longest dependency path by measured latency (critical path method), in O(tasks + dependencies).
 * Only succeeded tasks are on it and a task that did not succeed ends every path that reaches it, so the answer is
 * always one unbroken chain of the graph. Of equally long ones the first in plan order wins.
 */
export function criticalPath(graph: GraphView, outcomes: readonly Outcome[]): CriticalPath {
  const { order, dependencies } = graph
  const longest = new Float64Array(order.length)
  const previous = new Int32Array(order.length).fill(-1)
  let end = -1
  for (const index of order) {
    const outcome = outcomes[index] as Outcome
    if (outcome.status !== 'succeeded') continue
    let before = 0
    for (const dependency of dependencies[index] as readonly number[]) {
      const length = longest[dependency] as number
      if (length > before) {
        before = length
        previous[index] = dependency
      }
    }
    const length = before + outcome.latency_ms
    longest[index] = length
    if (end === -1 || length > (longest[end] as number) || (length === longest[end] && index < end)) end = index
  }
  const path: number[] = []
  for (let at = end; at !== -1; at = previous[at] as number) path.push(at)
  return { length_ms: end === -1 ? 0 : (longest[end] as number), path: path.reverse() }
}

import type { Outcome } from '../contract/outcome.ts'
import type { GraphView } from './input.ts'

export interface LongestPath {
  /** Milliseconds, not rounded. */
  length_ms: number
  /** Indices in plan order, each a dependency of the next. Empty when no task counts. */
  path: number[]
}

/** What a task adds to a path in ms; null: it is on none. */
type Length = (outcome: Outcome) => number | null

/** The critical path by measured latency: only tasks that succeeded are on it. */
export const criticalPath = (graph: GraphView, outcomes: readonly Outcome[]): LongestPath =>
  longestPath(graph, outcomes, latencyOf)

/** The path that decided the wall time: all that its tasks waited, retried and worked, whatever became of them. */
export const slowestPath = (graph: GraphView, outcomes: readonly Outcome[]): LongestPath =>
  longestPath(graph, outcomes, spentOn)

const latencyOf: Length = ({ status, latency_ms }) => (status === 'succeeded' ? latency_ms : null)

const spentOn: Length = ({ status, queue_ms, retry_ms, latency_ms, attempts, ended_at_ms }) => {
  const sum = queue_ms + retry_ms + latency_ms
  if (status === 'succeeded') return sum
  if (sum === 0) return null
  // The last attempt of a task without an answer may stand in retry_ms as well: it cannot have taken longer than it was there.
  const [first] = attempts
  return first === undefined ? sum : Math.min(sum, ended_at_ms - first.asked_at_ms)
}

/**
 * The longest dependency path (critical path method), in O(tasks + dependencies). A task that is on none ends every path
 * that reaches it, so the answer is always one unbroken chain of the graph. Of equally long ones the first in plan order
 * wins.
 */
function longestPath({ order, dependencies }: GraphView, outcomes: readonly Outcome[], lengthOf: Length): LongestPath {
  const longest = new Float64Array(order.length)
  const previous = new Int32Array(order.length).fill(-1)
  let end = -1
  for (const index of order) {
    const own = lengthOf(outcomes[index] as Outcome)
    if (own === null) continue
    let before = 0
    for (const dependency of dependencies[index] as readonly number[]) {
      const length = longest[dependency] as number
      if (length > before) {
        before = length
        previous[index] = dependency
      }
    }
    const length = before + own
    longest[index] = length
    if (end === -1 || length > (longest[end] as number) || (length === longest[end] && index < end)) end = index
  }
  const path: number[] = []
  for (let at = end; at !== -1; at = previous[at] as number) path.push(at)
  return { length_ms: end === -1 ? 0 : (longest[end] as number), path: path.reverse() }
}

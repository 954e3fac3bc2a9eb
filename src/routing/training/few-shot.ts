import { TASK_TYPES, type TaskType } from '../../contract/task-type.ts'
import type { TrainingLine, TriedRouting } from './line.ts'
import { standings } from './standings.ts'

/** A prompt has little room: longer queries are not shown. */
const MOST_CHARS = 600

export interface Example {
  query: string
  task_type: TaskType
  optimal_routing: TriedRouting
}

/** The file that a prompt's examples are read from. */
export interface ExampleFile {
  examples: Example[]
}

/** Those of one type: of its best model first, then the shortest, each query once. */
function candidatesOf(lines: readonly TrainingLine[], best: string | undefined): Example[] {
  const seen = new Set<string>()
  return lines
    .flatMap((line) => (line.outcome === 'succeeded' && line.query.length <= MOST_CHARS ? [line] : []))
    .map(({ query, task_type, optimal_routing }) => ({ query, task_type, optimal_routing }))
    .sort((a, b) => {
      const behind = Number(a.optimal_routing.model !== best) - Number(b.optimal_routing.model !== best)
      return behind || a.query.length - b.query.length || (a.query < b.query ? -1 : 1)
    })
    .filter(({ query }) => !seen.has(query) && seen.add(query))
}

/** At most `count` good decisions to show to an orchestrator model, in turns one of each type of task. */
export function fewShot(lines: readonly TrainingLine[], count: number): ExampleFile {
  const ranked = standings(lines)
  const queues = TASK_TYPES.map((type) =>
    candidatesOf(
      lines.filter(({ task_type }) => task_type === type),
      ranked.get(type)?.[0]?.model,
    ),
  )
  const examples: Example[] = []
  for (let round = 0; examples.length < count && queues.some((queue) => queue.length > round); round++)
    for (const queue of queues) {
      const next = queue[round]
      if (next !== undefined && examples.length < count) examples.push(next)
    }
  return { examples }
}

/** A task as the graph checks see it. */
export interface GraphNode {
  task_id: string
  dependencies: readonly string[]
}

/** The shape of a plan, by index in plan order. */
export interface PlanGraph {
  dependencies: readonly (readonly number[])[]
  dependents: readonly (readonly number[])[]
  /** Every task after its dependencies; those without any in plan order, the others as they come free. */
  order: readonly number[]
}

export type GraphIssue =
  | { code: 'duplicate_task'; index: number; task_id: string; first: string }
  | { code: 'unknown_dependency'; index: number; task_id: string; dependency: string }
  | { code: 'dependency_cycle'; index: number; cycle: readonly string[] }

export type GraphResult = { graph: PlanGraph; issue: null } | { graph: null; issue: GraphIssue }

const refuse = (issue: GraphIssue): GraphResult => ({ graph: null, issue })

/**
 * Checks a graph and gives its shape, or the first thing wrong with it. Iterative throughout: depth costs no stack.
 * Ids that differ only by case count as the same, so that nobody confuses two tasks.
 */
export function buildGraph(nodes: readonly GraphNode[]): GraphResult {
  const byId = new Map<string, number>()
  const folded = new Map<string, string>()
  for (const [index, { task_id }] of nodes.entries()) {
    const key = task_id.toLowerCase()
    const first = folded.get(key)
    if (first !== undefined) return refuse({ code: 'duplicate_task', index, task_id, first })
    folded.set(key, task_id)
    byId.set(task_id, index)
  }

  const dependencies: number[][] = []
  const dependents: number[][] = nodes.map(() => [])
  for (const [index, node] of nodes.entries()) {
    const own = new Set<number>()
    for (const dependency of node.dependencies) {
      const target = byId.get(dependency)
      if (target === undefined) return refuse({ code: 'unknown_dependency', index, task_id: node.task_id, dependency })
      if (target === index) return refuse({ code: 'dependency_cycle', index, cycle: [node.task_id, node.task_id] })
      own.add(target)
    }
    for (const target of own) dependents[target]?.push(index)
    dependencies.push([...own])
  }

  const order = topologicalOrder(dependencies, dependents)
  if (order.length < nodes.length) return refuse(nameCycle(nodes, dependencies, order))
  return { graph: { dependencies, dependents, order }, issue: null }
}

/** Kahn's algorithm. Shorter than the number of tasks when there is a cycle. */
function topologicalOrder(dependencies: readonly number[][], dependents: readonly number[][]): number[] {
  const open = dependencies.map((list) => list.length)
  const order = open.flatMap((count, index) => (count === 0 ? [index] : []))
  for (let head = 0; head < order.length; head++) {
    for (const next of dependents[order[head] as number] ?? []) {
      open[next] = (open[next] as number) - 1
      if (open[next] === 0) order.push(next)
    }
  }
  return order
}

/** Walks backwards from a task that never came free; every such task waits for another one, so the walk must close. */
function nameCycle(
  nodes: readonly GraphNode[],
  dependencies: readonly number[][],
  order: readonly number[],
): GraphIssue {
  const done = new Set(order)
  const start = nodes.findIndex((_, index) => !done.has(index))
  const seenAt = new Map<number, number>()
  const path: number[] = []
  let at = start
  while (!seenAt.has(at)) {
    seenAt.set(at, path.length)
    path.push(at)
    at = dependencies[at]?.find((dependency) => !done.has(dependency)) as number
  }
  const loop = path.slice(seenAt.get(at))
  const names = [...loop, at].map((index) => nodes[index]?.task_id as string)
  return { code: 'dependency_cycle', index: at, cycle: names }
}

/**
 * The longest path through the graph by the given weight of each task (as in the critical path method).
 * Returns its weight and its tasks in order, each a dependency of the next; it neither begins nor ends with weight 0.
 */
export function longestPath(graph: PlanGraph, weights: ArrayLike<number>): { length: number; path: number[] } {
  const best = new Float64Array(graph.order.length)
  const via = new Int32Array(graph.order.length).fill(-1)
  let end = -1
  for (const index of graph.order) {
    let longest = 0
    for (const dependency of graph.dependencies[index] ?? []) {
      const length = best[dependency] as number
      if (length > longest) {
        longest = length
        via[index] = dependency
      }
    }
    best[index] = longest + (weights[index] ?? 0)
    const length = best[index] as number
    if (length > 0 && (end === -1 || length > (best[end] as number))) end = index
  }
  const path: number[] = []
  for (let at = end; at !== -1; at = via[at] as number) path.push(at)
  return { length: end === -1 ? 0 : (best[end] as number), path: path.reverse() }
}

/** Per task, the longest remaining path by weight, its own weight included: the upward rank of list scheduling (HEFT). */
export function upwardRanks(graph: PlanGraph, weights: ArrayLike<number>): Float64Array {
  const ranks = new Float64Array(graph.order.length)
  for (let at = graph.order.length - 1; at >= 0; at--) {
    const index = graph.order[at] as number
    let longest = 0
    for (const dependent of graph.dependents[index] ?? []) longest = Math.max(longest, ranks[dependent] as number)
    ranks[index] = longest + (weights[index] ?? 0)
  }
  return ranks
}

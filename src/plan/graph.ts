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

/** Per task, the highest priority among its own and those of all tasks that wait for it: what an urgent task needs is urgent. */
export function inheritedPriorities(graph: PlanGraph, own: readonly number[]): number[] {
  const priorities = [...own]
  for (let at = graph.order.length - 1; at >= 0; at--) {
    const index = graph.order[at] as number
    for (const dependent of graph.dependents[index] ?? [])
      priorities[index] = Math.max(priorities[index] as number, priorities[dependent] as number)
  }
  return priorities
}

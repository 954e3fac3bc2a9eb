import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildGraph, upwardRanks } from '../../../src/plan/graph.ts'
import { acyclic, graphOf } from '../../helpers/plans.ts'

const node = (task_id: string, ...dependencies: string[]) => ({ task_id, dependencies })
const issueOf = (...nodes: ReturnType<typeof node>[]) => buildGraph(nodes).issue

describe('the checks of a graph', () => {
  it('give the shape of a sound graph by index, in both directions', () => {
    const { graph, issue } = buildGraph([node('join', 'a', 'b'), node('a'), node('b'), node('last', 'join')])
    expect(issue).toBeNull()
    expect(graph).toEqual({ dependencies: [[1, 2], [], [], [0]], dependents: [[3], [0], [0], []], order: [1, 2, 0, 3] })
  })

  it('accept a graph without tasks', () => {
    expect(buildGraph([])).toEqual({ graph: { dependencies: [], dependents: [], order: [] }, issue: null })
  })

  it('refuse a task id that is used twice and say where', () => {
    expect(issueOf(node('a'), node('b'), node('a'))).toEqual({
      code: 'duplicate_task',
      index: 2,
      task_id: 'a',
      first: 'a',
    })
  })

  it('count ids that differ only by case as the same and name both spellings', () => {
    expect(issueOf(node('Summary'), node('sUMMARY'))).toEqual({
      code: 'duplicate_task',
      index: 1,
      task_id: 'sUMMARY',
      first: 'Summary',
    })
  })

  it('refuse a dependency that is no task of the plan', () => {
    expect(issueOf(node('a'), node('b', 'a', 'ghost'))).toEqual({
      code: 'unknown_dependency',
      index: 1,
      task_id: 'b',
      dependency: 'ghost',
    })
  })

  it('take a dependency by its exact spelling only', () => {
    expect(issueOf(node('a'), node('b', 'A'))).toMatchObject({ code: 'unknown_dependency', dependency: 'A' })
  })

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'prototype'])(
    'know no task called "%s" unless the plan has one',
    (name) => {
      expect(issueOf(node('a', name))).toMatchObject({ code: 'unknown_dependency', dependency: name })
      expect(buildGraph([node(name), node('b', name)]).graph?.dependencies).toEqual([[], [0]])
      expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    },
  )

  it('count a dependency that is named twice once', () => {
    expect(buildGraph([node('a'), node('b', 'a', 'a')]).graph).toMatchObject({
      dependencies: [[], [0]],
      dependents: [[1], []],
    })
  })
})

describe('a dependency cycle', () => {
  it('is named for a task that depends on itself', () => {
    expect(issueOf(node('a'), node('b', 'a', 'b'))).toEqual({ code: 'dependency_cycle', index: 1, cycle: ['b', 'b'] })
  })

  it('is named for two tasks that wait for each other', () => {
    expect(issueOf(node('a', 'b'), node('b', 'a'))).toMatchObject({ code: 'dependency_cycle', cycle: ['a', 'b', 'a'] })
  })

  it('is named without the tasks that lead to it, hang on it or stand apart', () => {
    const issue = issueOf(
      node('tail', 'x'),
      node('x', 'root', 'z'),
      node('root'),
      node('y', 'x'),
      node('z', 'y'),
      node('apart'),
    )
    expect(issue).toMatchObject({ code: 'dependency_cycle', cycle: ['x', 'z', 'y', 'x'] })
  })

  it('is a closed walk along real dependencies, each task in it once, whatever the graph', () => {
    fc.assert(
      fc.property(acyclic(12), fc.nat(), fc.nat(), (dependencies, from, to) => {
        // One edge against the order of a random acyclic graph: a task waits for its own dependant, or for itself.
        const nodes = dependencies.map((list, at) => node(`t${at}`, ...list.map((d) => `t${d}`)))
        const a = from % nodes.length
        const closing = [a, ...dependencies.keys().filter((at) => dependencies[at]?.includes(a))]
        const b = closing[to % closing.length] as number
        nodes[a] = node(`t${a}`, ...(nodes[a]?.dependencies ?? []), `t${b}`)
        const { issue } = buildGraph(nodes)
        const cycle = issue?.code === 'dependency_cycle' ? issue.cycle : []
        expect(cycle[0]).toBe(cycle.at(-1))
        expect(cycle).toContain(`t${a}`)
        expect(new Set(cycle).size).toBe(cycle.length - 1)
        for (const [at, id] of cycle.slice(0, -1).entries())
          expect(nodes.find(({ task_id }) => task_id === id)?.dependencies).toContain(cycle[at + 1])
      }),
    )
  })
})

// A quadratic or recursive way through these graphs would overflow the stack or the time limit of a test.
describe('a very large graph', () => {
  const deep = (count: number) => Array.from({ length: count }, (_, at) => (at === 0 ? [] : [at - 1]))

  it.each([10_000, 200_000])('may be a chain %i deep, in either plan order', (count) => {
    const forward = graphOf(deep(count))
    expect(forward.order[count - 1]).toBe(count - 1)
    expect(upwardRanks(forward, new Float64Array(count).fill(1))[0]).toBe(count)
    const backward = graphOf(Array.from({ length: count }, (_, at) => (at === count - 1 ? [] : [at + 1])))
    expect(backward.order[0]).toBe(count - 1)
  })

  it.each([10_000, 200_000])('may have a task that depends on %i others', (count) => {
    const all = [...Array(count).keys()]
    const graph = graphOf([...all.map(() => []), all])
    expect(graph.order.at(-1)).toBe(count)
    expect(graph.dependencies[count]).toHaveLength(count)
  })

  it('is named when it is one cycle of 10,000 tasks', () => {
    const count = 10_000
    const issue = issueOf(...Array.from({ length: count }, (_, at) => node(`t${at}`, `t${(at + 1) % count}`)))
    expect(issue).toMatchObject({ code: 'dependency_cycle' })
    expect(issue?.code === 'dependency_cycle' && issue.cycle).toHaveLength(count + 1)
  })
})

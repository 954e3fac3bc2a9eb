import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PlanGraph, upwardRanks } from '../../../src/plan/graph.ts'
import { acyclic, graphOf } from '../../helpers/plans.ts'

const weighted = acyclic(9).chain((dependencies) =>
  fc.record({
    dependencies: fc.constant(dependencies),
    weights: fc.array(fc.integer({ min: 0, max: 20 }), {
      minLength: dependencies.length,
      maxLength: dependencies.length,
    }),
  }),
)

/** The heaviest path that begins at `from`, by trying all of them. */
function heaviestFrom(graph: PlanGraph, weights: readonly number[], from: number): number {
  const rests = (graph.dependents[from] ?? []).map((next) => heaviestFrom(graph, weights, next))
  return (weights[from] as number) + Math.max(0, ...rests)
}

describe('the order of a graph', () => {
  it('holds every task once and after all its dependencies', () => {
    fc.assert(
      fc.property(acyclic(30), (dependencies) => {
        const { order } = graphOf(dependencies)
        expect([...order].sort((a, b) => a - b)).toEqual([...dependencies.keys()])
        const place = new Map(order.map((index, at) => [index, at]))
        for (const [index, list] of dependencies.entries())
          for (const dependency of list) expect(place.get(dependency)).toBeLessThan(place.get(index) as number)
      }),
    )
  })

  it('names as dependents exactly those that name a task as dependency', () => {
    fc.assert(
      fc.property(acyclic(20), (dependencies) => {
        const { dependents } = graphOf(dependencies)
        for (const index of dependencies.keys())
          expect([...(dependents[index] ?? [])].sort((a, b) => a - b)).toEqual(
            [...dependencies.keys()].filter((other) => dependencies[other]?.includes(index)),
          )
      }),
    )
  })
})

describe('the upward rank of a task', () => {
  it('is the heaviest path from it to an end, itself included', () => {
    fc.assert(
      fc.property(weighted, ({ dependencies, weights }) => {
        const graph = graphOf(dependencies)
        expect([...upwardRanks(graph, weights)]).toEqual(
          [...dependencies.keys()].map((from) => heaviestFrom(graph, weights, from)),
        )
      }),
    )
  })

  it('is never lower than that of a dependant', () => {
    const ranks = upwardRanks(graphOf([[], [0], [0], [1, 2]]), [512, 100, 900, 300])
    expect([...ranks]).toEqual([1712, 400, 1200, 300])
  })
})

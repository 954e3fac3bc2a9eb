import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findCycle, graphOf, importsOf, reachable, readSources } from '../helpers/import-graph.ts'
import { brokenPlaces, brokenRules } from '../helpers/import-rules.ts'

const ROOT = join(import.meta.dirname, '../..')
const packages: { dependencies: object } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const dependencies = new Set(Object.keys(packages.dependencies))

describe('the project keeps its floors', () => {
  const sources = readSources(ROOT, ['src', 'routes', 'workflows', 'simulator'])
  const graph = graphOf(sources)

  test('the graph that is judged holds the service', () => {
    expect(reachable(graph, 'src/app.ts').size).toBeGreaterThan(40)
  })
  test('no file imports itself on a detour', () => {
    expect(findCycle(graph)?.join(' → ') ?? 'no cycle').toBe('no cycle')
  })
  test('imports go downward only, and packages stay in their rooms', () => {
    expect(brokenRules(graph, dependencies)).toEqual([])
  })
  test('only the entries read the environment, and there are no barrels', () => {
    expect(brokenPlaces(sources)).toEqual([])
  })
})

describe('reading imports', () => {
  const targets = (source: string) => importsOf('src/run/lane.ts', source)

  test('finds every form of import and resolves relative ones', () => {
    const source = `import 'side-effect'
import zod, { z } from "zod"
import * as all from '../errors.ts'
import {
  one,
  two,
} from './many.ts'
export { three } from '../plan/graph.ts'
export * from './star.ts'
const late = await import('./late.ts')
`
    expect(targets(source).map(({ target }) => target)).toEqual([
      'side-effect',
      'zod',
      'src/errors.ts',
      'src/run/many.ts',
      'src/plan/graph.ts',
      'src/run/star.ts',
      'src/run/late.ts',
    ])
  })
  test.each([
    ["import type { A } from './a.ts'", true],
    ["export type { A } from './a.ts'", true],
    ["import { type A, type B } from './a.ts'", true],
    ["import { type A, b } from './a.ts'", false],
    ["import { a } from './a.ts'", false],
    ["import a, { type B } from './a.ts'", false],
    ["export * from './a.ts'", false],
  ])('tells types from values: %s', (source, typeOnly) => {
    expect(targets(source)).toEqual([{ target: 'src/run/a.ts', typeOnly }])
  })
  test('takes no import from comments or from text about imports', () => {
    const source = `/**
 * import { a } from './doc.ts'
 */
// import('./line.ts')
export const text = "from './text.ts'"
`
    expect(targets(source)).toEqual([])
  })
})

describe('finding cycles', () => {
  const made = (files: Record<string, string>) => graphOf(new Map(Object.entries(files)))

  test('names a cycle in order, type imports included', () => {
    const graph = made({
      'src/a.ts': "import { b } from './b.ts'",
      'src/b.ts': "import type { C } from './c.ts'",
      'src/c.ts': "export { a } from './a.ts'",
    })
    expect(findCycle(graph)).toEqual(['src/a.ts', 'src/b.ts', 'src/c.ts', 'src/a.ts'])
  })
  test('a file that imports itself is a cycle', () => {
    expect(findCycle(made({ 'src/a.ts': "import './a.ts'" }))).toEqual(['src/a.ts', 'src/a.ts'])
  })
  test('two ways to one file are none', () => {
    const graph = made({
      'src/a.ts': "import './b.ts'\nimport './c.ts'",
      'src/b.ts': "import './c.ts'",
      'src/c.ts': '',
    })
    expect(findCycle(graph)).toBeNull()
  })
  test('what is loaded at run time leaves types out', () => {
    const graph = made({
      'src/a.ts': "import type { B } from './b.ts'\nimport './c.ts'",
      'src/b.ts': '',
      'src/c.ts': '',
    })
    expect(reachable(graph, 'src/a.ts', { withTypes: false })).toEqual(new Set(['src/a.ts', 'src/c.ts']))
    expect(reachable(graph, 'src/a.ts').size).toBe(3)
  })
})

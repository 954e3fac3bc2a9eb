import { DockerfileParser, type Instruction } from 'dockerfile-ast'
import { validate } from 'dockerfile-utils'
import { describe, expect, test } from 'vitest'
import { graphOf, reachable, readSources } from '../../helpers/import-graph.ts'
import { ROOT, read } from './project.ts'

const text = read('Dockerfile')
const instructions = DockerfileParser.parse(text).getInstructions()
const all = (keyword: string): Instruction[] => instructions.filter((each) => each.getKeyword() === keyword)
const argumentsOf = (instruction: Instruction | undefined): string => instruction?.getArgumentsContent() ?? ''
/** What is copied out of the project; what comes from an earlier stage has an absolute path. */
const copied = all('COPY')
  .map(argumentsOf)
  .filter((content) => !content.startsWith('/'))
  .flatMap((content) => content.split(/\s+/).slice(0, -1))
const packages: { engines: { node: string }; dependencies: object; optionalDependencies: Record<string, string> } =
  JSON.parse(read('package.json'))

describe('the Dockerfile', () => {
  test('passes the linter', () => {
    expect(validate(text).map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([])
  })
  test('runs on the major version of Node that the project brings along, and that engines allows', () => {
    const majors = all('FROM').map((from) => Number(/^node:(\d+)-[a-z]+-slim\b/.exec(argumentsOf(from))?.[1]))
    const brought = Object.values(packages.optionalDependencies).map((version) => Number(version.split('.')[0]))
    expect(new Set([...majors, ...brought]).size).toBe(1)
    expect(majors[0]).toBeGreaterThanOrEqual(Number(/^>=(\d+)/.exec(packages.engines.node)?.[1]))
  })
  test('ends as an unprivileged user, with Node as the first process', () => {
    expect(all('USER').map(argumentsOf)).toEqual(['node'])
    expect(JSON.parse(argumentsOf(all('CMD').at(-1)))).toEqual(['node', 'src/server.ts'])
  })
  test('installs no development tools, no optional Node and runs no install scripts', () => {
    expect(all('RUN').map(argumentsOf).join()).toMatch(
      /^npm ci (?=.*--omit=dev)(?=.*--omit=optional)(?=.*--ignore-scripts)/,
    )
  })
  test('asks an existing route of the service how it is', () => {
    const path = /'(\/health\/[a-z]+)'/.exec(argumentsOf(all('HEALTHCHECK')[0]))?.[1]
    expect(path).toBe('/health/ready')
    expect(read('routes/index.ts')).toContain("prefix: '/health'")
    expect(read('routes/health/ready.ts')).toContain("app.get('/ready'")
  })
  test('copies every file that the service loads, and .dockerignore lets them through', () => {
    const graph = graphOf(readSources(ROOT, ['src', 'routes', 'workflows', 'simulator', 'bench', 'test']))
    const loaded = [...reachable(graph, 'src/server.ts', { withTypes: false })]
    const left = loaded.filter(
      (file) => file.includes('/') && graph.has(file) && !copied.includes(file.split('/')[0] as string),
    )
    expect(left).toEqual([])
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1))
    expect(allowed.sort()).toEqual([...new Set(copied)].sort())
  })
})

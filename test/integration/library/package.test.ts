import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startSimulator } from '../../../simulator/simulate.ts'
import { startNode } from '../../helpers/process.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const PROJECT = mkdtempSync(join(tmpdir(), 'consilium-'))

/** What `npm install consilium` would make of the package, with the dependencies that are here already. */
function installPackage(): void {
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', PROJECT], {
    cwd: ROOT,
    encoding: 'utf8',
  }).trim()
  const target = join(PROJECT, 'node_modules/consilium')
  mkdirSync(target, { recursive: true })
  execFileSync('tar', ['-xzf', join(PROJECT, packed), '--strip-components=1', '-C', target])
  const { dependencies } = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8'))
  for (const name of [...Object.keys(dependencies), '@types/node', 'undici-types']) {
    const link = join(PROJECT, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), link)
  }
  writeFileSync(join(PROJECT, 'package.json'), '{"private": true, "type": "module"}')
}

beforeAll(() => {
  const built = spawnSync(process.execPath, ['scripts/build-library.mjs'], { cwd: ROOT, encoding: 'utf8' })
  expect(built.stdout + built.stderr).toBe('')
  expect(built.status).toBe(0)
  installPackage()
})
afterAll(() => rmSync(PROJECT, { recursive: true }))

const NAMES = [
  'ConfigError',
  'Problem',
  'WorkflowType',
  'createOrchestrator',
  'createSupervisor',
  'defineWorkflow',
  'executeWorkflow',
  'getOrchestrator',
  'optional',
  'required',
]

/** A whole program of a user: nothing but the package, and no `process.exit`. */
const program = (roster: unknown) => `
import { createOrchestrator, WorkflowType } from 'consilium'
const orchestrator = createOrchestrator({ roster: ${JSON.stringify(roster)} })
const run = await orchestrator.executeWorkflow(WorkflowType.LAB_REPORT, { lab_results: 'K 5.1', patient_info: 'F, 63' })
await orchestrator.close()
console.log(JSON.stringify([run.status, run.results.map(({ task_id }) => task_id)]))
`

async function simulatedRoster() {
  const simulator = await startSimulator()
  onTestFinished(simulator.close)
  return simulator.roster
}

describe('the package consilium', () => {
  it('resolves by its own name from its repository', async () => {
    const script = "console.log(JSON.stringify(Object.keys(await import('consilium')).sort()))"
    const node = startNode(['--input-type=module', '-e', script], {}, ROOT)
    expect(await node.ended).toEqual({ code: 0, signal: null })
    expect(JSON.parse(node.out())).toEqual(NAMES)
  })

  it('resolves where it is installed, and says its version', async () => {
    const script = `
      const { version } = (await import('consilium/package.json', { with: { type: 'json' } })).default
      console.log(JSON.stringify([Object.keys(await import('consilium')).sort(), version]))`
    const node = startNode(['--input-type=module', '-e', script], {}, PROJECT)
    expect(await node.ended).toEqual({ code: 0, signal: null })
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    expect(JSON.parse(node.out())).toEqual([NAMES, version])
  })

  it('runs a workflow in a plain script, which then ends by itself', async () => {
    writeFileSync(join(PROJECT, 'main.mjs'), program(await simulatedRoster()))
    const node = startNode(['main.mjs'], {}, PROJECT)
    expect(await node.ended).toEqual({ code: 0, signal: null })
    expect(JSON.parse(node.out())).toEqual(['succeeded', ['lab_interpretation']])
    expect(node.err()).toBe('')
  })

  it('lets a process end that never ran anything and never closed', async () => {
    const script =
      "const { getOrchestrator } = await import('consilium'); getOrchestrator({ env: { MODEL_PORTS: '{}' } })"
    const node = startNode(['--input-type=module', '-e', script], {}, PROJECT)
    expect(await node.ended).toEqual({ code: 0, signal: null })
    expect(node.out() + node.err()).toBe('')
  })

  it('has no tests, benchmarks or secrets in it, and its command starts', async () => {
    const files = execFileSync('find', ['node_modules/consilium', '-type', 'f'], { cwd: PROJECT, encoding: 'utf8' })
    expect(files).not.toMatch(/\/(test|bench|deploy|docs)\/|\.env|\.test\./)
    const node = startNode(['node_modules/consilium/dist/src/cli.js', '--help'], {}, PROJECT)
    expect(await node.ended).toEqual({ code: 0, signal: null })
    expect(node.out()).toContain('Usage: consilium')
  })
})

describe('the types of the package', () => {
  const check = (name: string, source: string) => {
    writeFileSync(join(PROJECT, name), source)
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck']
    return spawnSync(process.execPath, [TSC, ...options, '--types', 'node', name], { cwd: PROJECT, encoding: 'utf8' })
  }
  const RIGHT = `
import { createOrchestrator, type ExecuteResponse, Problem, type RunEvent, WorkflowType } from 'consilium'
const orchestrator = createOrchestrator({ env: { MAX_TASKS: '8' } })
const seen: RunEvent['event'][] = []
const run: ExecuteResponse = await orchestrator.executeWorkflow(
  WorkflowType.DISCHARGE_SUMMARY,
  { patient_data: 'x', admission_date: 'a', discharge_date: 'b' },
  [{ task_id: 'a', agent_type: 'Clinical', prompt: 'x' }],
  { timeout_ms: 1000, priority: 3, signal: AbortSignal.timeout(5), onEvent: ({ event }) => seen.push(event) },
)
const content: string | null | undefined = run.results[0]?.content
export const code = (error: unknown) => (error instanceof Problem ? error.code : content)
await orchestrator.close()
`

  it('fit a program that uses them rightly', () => {
    expect(check('right.ts', RIGHT)).toMatchObject({ stdout: '', status: 0 })
  })

  it('refuse one that does not', () => {
    const wrong = RIGHT.replace('DISCHARGE_SUMMARY', 'DISCHARGE').replace('priority: 3', "priority: 'high'")
    const { stdout, status } = check('wrong.ts', wrong)
    expect(status).not.toBe(0)
    expect(stdout).toContain("Property 'DISCHARGE' does not exist")
    expect(stdout).toContain("Type 'string' is not assignable to type 'number'")
  })
})

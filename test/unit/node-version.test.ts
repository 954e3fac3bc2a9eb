import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { nodeFault, OLDEST_NODE } from '../../src/node-version.ts'
import { startNode } from '../helpers/process.ts'

const ROOT = join(import.meta.dirname, '../..')

it('is the one that package.json asks for', () => {
  expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).engines.node).toBe(`>=${OLDEST_NODE}`)
})

it.each<[string, boolean]>([
  ['20.20.2', false],
  ['22.18.1', false],
  ['22.19.0', true],
  ['23.0.0', true],
  ['24.21.0', true],
])('Node %s fits: %s', (version, fits) => {
  expect(nodeFault(version)).toBe(
    fits ? null : `Consilium needs Node ${OLDEST_NODE} or newer; this is Node ${version}.`,
  )
})

it.each(['src/server.ts', 'src/cli.ts', 'src/library.ts'])('%s says so before anything else', async (entry) => {
  const patch = "Object.defineProperty(process.versions, 'node', { value: '20.20.2' })"
  const node = startNode(['--import', `data:text/javascript,${encodeURIComponent(patch)}`, join(ROOT, entry)])
  expect((await node.ended).code).toBe(1)
  expect(node.err()).toContain('Consilium needs Node 22.19 or newer; this is Node 20.20.2.')
  expect(node.out()).toBe('')
})

// On an older Node a missing name fails while files are linked, before any of them runs.
it('no file of ours asks Node for a name that older ones lack, by name', () => {
  expect(readFileSync(join(ROOT, 'src/version.ts'), 'utf8')).not.toMatch(/import \{[^}]*findPackageJSON/)
})

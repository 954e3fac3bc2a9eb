import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/** One import as it stands in a file. `target` is a path from the project's root, or a package or `node:` name. */
export interface Import {
  target: string
  /** Whether the import vanishes when types are stripped. */
  typeOnly: boolean
}

/** File (a path from the project's root) → what it imports, in order. */
export type ImportGraph = ReadonlyMap<string, readonly Import[]>

const STATEMENT = /^(import|export)\b([^'"`;]*?)from\s*['"]([^'"]+)['"]/gm
const BARE = /^import\s*['"]([^'"]+)['"]/gm
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*[,)]/g

/** `source` without the lines that are comments. Biome puts every import at the start of a line. */
export const withoutComments = (source: string): string => source.replace(/^\s*(\/\/|\/\*|\*).*$/gm, '')

const isTypeOnly = (clause: string): boolean => {
  if (/^\s+type\b(?!\s*,)/.test(clause)) return true
  const named = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1]
  if (named === undefined) return false
  const names = named.split(',').map((name) => name.trim())
  return names.filter(Boolean).every((name) => name.startsWith('type '))
}

/** The imports, re-exports and dynamic imports of one file. Relative ones are resolved against `file`. */
export function importsOf(file: string, source: string): Import[] {
  const text = withoutComments(source)
  const found: { at: number; name: string; typeOnly: boolean }[] = []
  for (const match of text.matchAll(STATEMENT))
    found.push({ at: match.index, name: match[3] as string, typeOnly: isTypeOnly(match[2] as string) })
  for (const match of text.matchAll(BARE)) found.push({ at: match.index, name: match[1] as string, typeOnly: false })
  for (const match of text.matchAll(DYNAMIC)) found.push({ at: match.index, name: match[1] as string, typeOnly: false })
  return found
    .sort((a, b) => a.at - b.at)
    .map(({ name, typeOnly }) => ({
      target: name.startsWith('.') ? posix.join(posix.dirname(file), name) : name,
      typeOnly,
    }))
}

/** Every TypeScript file under `folders` of `root`, with its text. A folder that does not exist holds no file. */
export function readSources(root: string, folders: readonly string[]): Map<string, string> {
  const sources = new Map<string, string>()
  for (const folder of folders) {
    if (!existsSync(join(root, folder))) continue
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    for (const name of names.filter((each) => each.endsWith('.ts')).sort())
      sources.set(posix.join(folder, name), readFileSync(join(root, folder, name), 'utf8'))
  }
  return sources
}

/** The import graph of `sources`. */
export const graphOf = (sources: ReadonlyMap<string, string>): ImportGraph =>
  new Map([...sources].map(([file, source]) => [file, importsOf(file, source)]))

/** Every file that `start` reaches, `start` included. `withTypes: false` follows only what is loaded at run time. */
export function reachable(graph: ImportGraph, start: string, { withTypes = true } = {}): Set<string> {
  const seen = new Set([start])
  for (const file of seen)
    for (const { target, typeOnly } of graph.get(file) ?? [])
      if (graph.has(target) && (withTypes || !typeOnly)) seen.add(target)
  return seen
}

/** The first cycle, as a path that ends where it began; null when there is none. Type imports count. */
export function findCycle(graph: ImportGraph): string[] | null {
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): string[] | null => {
    const at = path.indexOf(file)
    if (at >= 0) return [...path.slice(at), file]
    if (done.has(file) || !graph.has(file)) return null
    path.push(file)
    for (const { target } of graph.get(file) ?? []) {
      const cycle = visit(target)
      if (cycle) return cycle
    }
    path.pop()
    done.add(file)
    return null
  }
  for (const file of graph.keys()) {
    const cycle = visit(file)
    if (cycle) return cycle
  }
  return null
}

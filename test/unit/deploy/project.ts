import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** The project's folder. */
export const ROOT = join(import.meta.dirname, '../../..')

/** The text of a file of the project. */
export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** A YAML file of the project, merge keys resolved as Compose resolves them. */
export const readYaml = <T>(path: string): T => parse(read(path), { merge: true }) as T

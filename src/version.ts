import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'

/** The version in package.json, wherever the code runs from: `src/` here, `dist/src/` in a published package. */
export const version: string = JSON.parse(readFileSync(findPackageJSON(import.meta.url) as string, 'utf8')).version

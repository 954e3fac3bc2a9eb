import { readFileSync } from 'node:fs'
// Whole: a name that an older Node lacks would fail before `node-version.ts` can say which Node is needed.
import * as nodeModule from 'node:module'

/** The version in package.json, wherever the code runs from: `src/` here, `dist/src/` in a published package. */
export const version: string = JSON.parse(
  readFileSync(nodeModule.findPackageJSON(import.meta.url) as string, 'utf8'),
).version

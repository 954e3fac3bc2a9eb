// npm's `prepare`: builds dist/, the library as other projects import it. A production install has no compiler and
// needs no dist/ (the service runs from its TypeScript): there this does nothing, and says so.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const tsc = new URL('node_modules/typescript/bin/tsc', root)

if (!existsSync(tsc)) {
  console.log('consilium: dist/ not built, TypeScript is not installed (the service does not need it)')
} else {
  const { status, error } = spawnSync(process.execPath, [fileURLToPath(tsc), '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  })
  if (error) throw error
  process.exitCode = status ?? 1
}

import { execFileSync } from 'node:child_process'
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A pipe with a name, removed after the test. `fd`: both of its ends, never waiting. */
export function makeFifo(): { path: string; fd: number } {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-fifo-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  return { path, fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK) }
}

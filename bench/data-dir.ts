import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A data folder for one process of the bench, removed when that ends. */
export function ownDataDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

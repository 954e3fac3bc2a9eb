import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folders: string[] = []
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A data folder for one process of the bench, removed when that ends. */
export function ownDataDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-bench-'))
  folders.push(folder)
  return folder
}

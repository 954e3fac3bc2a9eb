import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Store } from '../../../src/store/port.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { newRun, note } from '../../contracts/store-samples.ts'

export const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))

/** A data folder, removed after the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-data-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Opens a store and closes it after the test. */
export function opened(folder: string): Store {
  const store = openSqliteStore({ folder, keys: null })
  onTestFinished(() => store.close())
  return store
}

/** A folder whose database holds runs, closed. */
export async function filledFolder(runs = 20): Promise<{ folder: string; file: string }> {
  const folder = newFolder()
  const store = openSqliteStore({ folder, keys: null })
  await store.migrate()
  for (let n = 0; n < runs; n++) await store.accept(newRun('t', { request: 'x'.repeat(5000) }), note('run.create'))
  await store.close()
  return { folder, file: join(folder, 'consilium.db') }
}

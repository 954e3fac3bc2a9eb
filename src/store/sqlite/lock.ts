import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '../../errors.ts'

const SQLITE_BUSY = 5

/**
 * Holds a data folder for this process. The lock is the operating system's, taken through SQLite on a file of its own:
 * it ends with the process however that ends, so none is ever stale. The file beside it only names the holder.
 * Throws ConfigError when another process has the folder. Folders on NFS may not lock.
 */
export function lockFolder(folder: string): { release(): void } {
  const holder = join(folder, 'consilium.lock.pid')
  const lock = new DatabaseSync(join(folder, 'consilium.lock'), { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY)
      throw new ConfigError(`DATA_DIR ${folder} cannot be locked: ${(error as Error).message}`, { cause: error })
    throw new ConfigError(
      `DATA_DIR ${folder} is in use by another process (${namedIn(holder)}). Each would believe that it owns every GPU slot: stop the other one, give this one its own DATA_DIR, or set DATABASE_URL and REDIS_URL to run several.`,
      { cause: error },
    )
  }
  writeFileSync(holder, `${process.pid}\n`)
  return { release: () => lock.close() }
}

function namedIn(holder: string): string {
  try {
    return `process ${readFileSync(holder, 'utf8').trim()}`
  } catch {
    // The lock is what counts; the name is for the reader only.
    return 'unknown process'
  }
}

import { chmodSync, closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '../../errors.ts'
import { lockExtensions } from './vectors.ts'

/** Its name in the data folder. */
export const DATABASE_FILE = 'consilium.db'

/** "cons": in the header of our files, so that another program's database is not taken for ours. */
const APPLICATION_ID = 0x636f6e73
const HEADER_BYTES = 100
/** A run has about 12 KB: with SQLite's own 4096 its commit costs a third more in calls to the system. Fixed when the file is made. */
const PAGE_BYTES = 8192
/** Files beyond it are walked by `db check` only: a start would wait seconds for each further gigabyte. */
const MOST_BYTES_CHECKED = 256 * 1024 * 1024

const broken = (path: string, why: string, cause?: unknown): ConfigError =>
  new ConfigError(
    `The database ${path} ${why}. Nothing was changed. Restore it from a backup; or move it, its -wal and its -shm away to begin with an empty one.`,
    { cause },
  )

/** A complete empty database under another name, then renamed: a file under the real name is never half made. */
function create(path: string): void {
  const fresh = `${path}.new`
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(fresh + suffix, { force: true })
  const database = new DatabaseSync(fresh)
  database.exec(
    `PRAGMA page_size=${PAGE_BYTES}; PRAGMA journal_mode=WAL; PRAGMA application_id=${APPLICATION_ID}; PRAGMA user_version=1`,
  )
  database.close()
  // SQLite gives the -wal and the -shm the same rights.
  chmodSync(fresh, 0o600)
  renameSync(fresh, path)
  const folder = openSync(dirname(path), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

/** What the file says of itself, before SQLite is let near it: a torn file must not be taken for an empty one. */
export function checkHeader(path: string): void {
  const header = Buffer.alloc(HEADER_BYTES)
  const file = openSync(path, 'r')
  const got = readSync(file, header, 0, HEADER_BYTES, 0)
  closeSync(file)
  if (got < HEADER_BYTES) throw broken(path, `is torn: it has ${got} bytes`)
  if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0') throw broken(path, 'is no SQLite database')
  if (header.readUInt32BE(68) !== APPLICATION_ID) throw broken(path, 'belongs to another program')
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
  const whole = header.readUInt32BE(28) * pageBytes
  const { size } = statSync(path)
  // A -wal may hold pages that the file has yet to get; then only SQLite can tell.
  if (size < whole && !existsSync(`${path}-wal`)) throw broken(path, `is torn: it has ${size} of ${whole} bytes`)
}

function checkPages(path: string, database: DatabaseSync): void {
  if (statSync(path).size > MOST_BYTES_CHECKED) return void database.prepare('select * from sqlite_schema').all()
  const [row] = database.prepare('PRAGMA quick_check(1)').all()
  const said = Object.values(row ?? {})[0]
  if (said !== 'ok') throw broken(path, `is corrupt (${said})`)
}

/**
 * Opens the database, or makes it when there is none. Throws ConfigError for a file that is torn, corrupt or foreign.
 * FULL: an answered request survives power loss, not only the end of the process. Transactions that flush for
 * themselves lower it while they last.
 */
export function openFile(path: string): DatabaseSync {
  if (!existsSync(path)) {
    if (existsSync(`${path}-wal`)) throw broken(path, 'is missing, but its -wal is there')
    create(path)
  }
  checkHeader(path)
  const database = new DatabaseSync(path, { timeout: 5000, allowExtension: true })
  lockExtensions(database)
  try {
    // secure_delete: what retention deletes is overwritten, not only forgotten.
    database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY')
    checkPages(path, database)
    return database
  } catch (error) {
    database.close()
    if (error instanceof ConfigError) throw error
    throw broken(path, `cannot be read (${(error as Error).message})`, error)
  }
}

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { ConfigError } from '../../errors.ts'
import { schemaState } from '../migrations.ts'
import type { SchemaState } from '../records.ts'
import type { Tables } from '../tables.ts'
import { NodeSqliteDialect } from './dialect.ts'
import { checkHeader, DATABASE_FILE } from './file.ts'
import { SQLITE_MIGRATIONS } from './open.ts'

/** Faults that are named; a broken file may have thousands. */
const MOST_FAULTS = 20

/** Reads the database of a folder beside the service that may have it open. Throws ConfigError when there is none. */
async function beside<T>(folder: string, work: (database: DatabaseSync) => Promise<T> | T): Promise<T> {
  const path = join(folder, DATABASE_FILE)
  if (!existsSync(path)) throw new ConfigError(`DATA_DIR ${folder} holds no database (${DATABASE_FILE}).`)
  checkHeader(path)
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
  try {
    return await work(database)
  } catch (cause) {
    const { errcode, message } = cause as { errcode?: number; message: string }
    if (errcode === undefined) throw cause
    throw new ConfigError(`The database ${path} cannot be read: ${message}. Nothing was changed.`, { cause })
  } finally {
    database.close()
  }
}

/** Every page and index, however large the file is. */
function faultsIn(database: DatabaseSync): string[] {
  const rows = database.prepare(`PRAGMA integrity_check(${MOST_FAULTS})`).all()
  const said = rows.map((row) => String(Object.values(row)[0]))
  return said.length === 1 && said[0] === 'ok' ? [] : said
}

export interface Inspection {
  schema: SchemaState
  /** What SQLite finds wrong with the file; empty: nothing. */
  faults: string[]
}

/** Looks at the whole database and changes nothing. Throws ConfigError: there is none, or it is torn or foreign. */
export const inspectFolder = (folder: string): Promise<Inspection> =>
  beside(folder, async (database) => {
    const faults = faultsIn(database)
    const db = new Kysely<Tables>({ dialect: new NodeSqliteDialect(database) })
    return { faults, schema: await schemaState(db, SQLITE_MIGRATIONS) }
  })

function flush(path: string): void {
  const file = openSync(path, 'r')
  fsyncSync(file)
  closeSync(file)
}

/**
 * Writes the database of a folder, as of one moment, into a new file that is complete or not there. Deleted rows are not
 * in it. Returns its bytes. Throws ConfigError: no database, `target` exists or cannot be written.
 */
export const backupFolder = (folder: string, target: string): Promise<number> =>
  beside(folder, (database) => {
    if (existsSync(target)) throw new ConfigError(`${target} is there already. A backup replaces nothing.`)
    const unfinished = `${target}.new`
    try {
      // Made first, for its rights: VACUUM takes an empty file as it is.
      closeSync(openSync(unfinished, 'wx', 0o600))
    } catch (cause) {
      throw new ConfigError(`${target} cannot be written: ${(cause as Error).message}`, { cause })
    }
    try {
      database.prepare('VACUUM INTO ?').run(unfinished)
      flush(unfinished)
      renameSync(unfinished, target)
      flush(dirname(target))
    } catch (error) {
      rmSync(unfinished, { force: true })
      throw error
    }
    return statSync(target).size
  })

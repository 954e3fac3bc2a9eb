import type { DatabaseSync } from 'node:sqlite'
import type { Db } from '../backend.ts'

/**
 * Runs `body` in one transaction on the one connection, and commits it. `flushes`: whether SQLite brings the commit to the
 * disk, or the caller will. Kysely keeps everybody else from the connection until it has ended, so no other commit goes
 * without a flush.
 */
export type InTransaction = <T>(db: Db, flushes: boolean, body: (trx: Db) => Promise<T>) => Promise<T>

export function transactionsOf(database: DatabaseSync): InTransaction {
  const begin = database.prepare('begin')
  const commit = database.prepare('commit')
  const rollback = database.prepare('rollback')
  const transact = async <T>(body: () => Promise<T>): Promise<T> => {
    begin.run()
    try {
      const result = await body()
      commit.run()
      return result
    } catch (error) {
      // After a full disk SQLite has rolled back by itself; a second rollback would hide the first error.
      if (database.isTransaction) rollback.run()
      throw error
    }
  }
  return (db, flushes, body) =>
    db.connection().execute(async (trx) => {
      if (flushes) return transact(() => body(trx))
      // Takes effect when it is compiled: a prepared one would do nothing the second time.
      database.exec('PRAGMA synchronous=NORMAL')
      try {
        return await transact(() => body(trx))
      } finally {
        database.exec('PRAGMA synchronous=FULL')
      }
    })
}

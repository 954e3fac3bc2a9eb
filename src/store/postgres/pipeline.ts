import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely'
import type { Db } from '../backend.ts'
import { ended } from '../ended.ts'
import type { Tables } from '../tables.ts'

const done = async (): Promise<void> => undefined
const never = (): Promise<never> => Promise.reject(new Error('The transaction is begun and ended elsewhere'))

/** Gives one connection to whoever asks, to several at the same time. */
const driverOf = (connection: DatabaseConnection): Driver => ({
  init: done,
  acquireConnection: async () => connection,
  releaseConnection: done,
  beginTransaction: never,
  commitTransaction: never,
  rollbackTransaction: never,
  destroy: done,
})

/**
 * Runs `body` in the transaction of `trx` without Kysely's one statement at a time: what is asked for at once goes out at
 * once and is answered in that order, many statements in one round trip. `first` goes out before everything else; if it
 * fails, PostgreSQL refuses all that follows.
 */
export const pipelined = <T>(trx: Db, first: CompiledQuery, body: (on: Db) => Promise<T>): Promise<T> => {
  const executor = trx.getExecutor()
  return executor.provideConnection(async (connection) => {
    const on: Db = new Kysely<Tables>({
      dialect: {
        // The one that statements which are built once are kept by.
        createAdapter: () => executor.adapter,
        createDriver: () => driverOf(connection),
        createIntrospector: (db) => new PostgresIntrospector(db),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
    })
    const [, result] = await ended([connection.executeQuery(first), body(on)])
    return result
  })
}

import { setTimeout as pause } from 'node:timers/promises'
import { type CompiledQuery, sql } from 'kysely'
import type { Backend, Db } from '../backend.ts'
import { GroupCommit } from '../group-commit.ts'
import { type Migrations, migrate, schemaState } from '../migrations.ts'
import { asStoreError, isConflict } from './faults.ts'
import { pipelined } from './pipeline.ts'
import { behindWall, isAboveWalls, overWalls, prepareRole } from './walls.ts'

const MOST_TRIES = 6

/** Runs it again after a conflict, a little later each time and not in step with its neighbour. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isConflict(error) || attempt === MOST_TRIES) throw asStoreError(error)
      await pause(Math.random() * 5 * 2 ** attempt)
    }
  }
}

/** Transactions on PostgreSQL: behind the wall of a tenant, or over all walls. */
export function createPostgresBackend(db: Db, migrations: Migrations): Backend {
  let stepsDown: boolean | null = null
  const isSuper = async (): Promise<boolean> => {
    stepsDown ??= await isAboveWalls(db)
    return stepsDown
  }
  const inTransaction = <T>(wall: (db: Db, steps: boolean) => CompiledQuery, body: (trx: Db) => Promise<T>) =>
    retried(async () => {
      const first = wall(db, await isSuper())
      return db.transaction().execute((trx) => pipelined(trx, first, body))
    })
  const ofTenant = <T>(tenant: string, lazy: boolean, body: (trx: Db) => Promise<T>): Promise<T> =>
    inTransaction((on, stepsDown) => behindWall(on, { tenant, stepsDown, lazy }), body)
  const commits = new GroupCommit(ofTenant, (tenant) => tenant, { sideBySide: true })
  return {
    write: (tenant, work, lazy) => commits.write(tenant, work, lazy),
    read: (tenant, query) => ofTenant(tenant, false, query),
    across: (query) => inTransaction(overWalls, query),
    migrate: () =>
      retried(async () => {
        const applied = await migrate(db, migrations)
        if (await isSuper()) await prepareRole(db)
        return applied
      }),
    schema: () => retried(() => schemaState(db, migrations)),
    // Locking a row writes to the log, so this commit flushes it, with all that stands in it before. It hinders nobody.
    settled: () =>
      inTransaction(
        overWalls,
        async (trx) => void (await sql`select 1 from audit_heads limit 1 for key share`.execute(trx)),
      ),
    ping: () => retried(async () => void (await sql`select 1`.execute(db))),
    async close() {
      await commits.idle()
      await db.destroy()
    },
  }
}

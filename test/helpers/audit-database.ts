import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import type { AuditLink } from '../../src/store/audit/entry.ts'
import type { Store } from '../../src/store/port.ts'
import { openPostgresStore } from '../../src/store/postgres/open.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { createDatabase, postgresIsWanted } from '../contracts/store-subjects.ts'
import type { Kept } from './audit-tampers.ts'

/** A store, and the database behind it as somebody reaches it who goes around the service. */
export interface Meddled {
  store: Store
  /** For the head file and whatever else a test puts beside the database. */
  folder: string
  read: (tenant: string) => Promise<Kept>
  /** One statement, with `$1` for its values. */
  run: Run
  /** Puts a chain in the place of this tenant's, row by row, and its head. */
  replace: (tenant: string, kept: Kept) => Promise<void>
  close: () => Promise<void>
}

export interface MeddledKind {
  name: string
  open: () => Promise<Meddled>
}

const COLUMNS = ['tenant', 'seq', 'at', 'actor', 'action', 'object', 'outcome', 'details', 'prev_hash', 'hash'] as const

type Run = (sql: string, values: readonly unknown[]) => Promise<Record<string, unknown>[]>

const meddling = (run: Run): Pick<Meddled, 'run' | 'read' | 'replace'> => ({
  run,
  async read(tenant) {
    const links = await run('select * from audit where tenant = $1 order by seq', [tenant])
    const [head] = await run('select seq, hash from audit_heads where tenant = $1', [tenant])
    return { links: links as unknown as AuditLink[], head: head ? { seq: head.seq, hash: head.hash } : null } as Kept
  },
  async replace(tenant, { links, head }) {
    await run('begin', [])
    await run('delete from audit where tenant = $1', [tenant])
    await run('delete from audit where tenant = $1', [`${tenant}-other`])
    await run('delete from audit_heads where tenant = $1', [tenant])
    const places = COLUMNS.map((_, at) => `$${at + 1}`).join(', ')
    for (const link of links)
      await run(
        `insert into audit (${COLUMNS.join(', ')}) values (${places})`,
        COLUMNS.map((column) => link[column]),
      )
    if (head !== null)
      await run('insert into audit_heads (tenant, seq, hash) values ($1, $2, $3)', [tenant, head.seq, head.hash])
    await run('commit', [])
  },
})

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'consilium-audit-'))

async function openSqlite(): Promise<Meddled> {
  const folder = newFolder()
  const store = openSqliteStore({ folder, keys: null })
  await store.migrate()
  const database = new DatabaseSync(join(folder, 'consilium.db'))
  const run: Run = async (sql, values) =>
    database.prepare(sql.replaceAll(/\$\d+/g, '?')).all(...(values as string[])) as Record<string, unknown>[]
  return {
    store,
    folder,
    ...meddling(run),
    async close() {
      database.close()
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

async function openPostgres(): Promise<Meddled> {
  const folder = newFolder()
  const database = await createDatabase()
  const store = openPostgresStore(database.options())
  await store.migrate()
  const client = new pg.Client({ connectionString: database.url })
  client.setTypeParser(pg.types.builtins.INT8, Number)
  await client.connect()
  // As anybody would who may: what it is for has a test of its own.
  await client.query('alter table audit drop constraint audit_seq_from_one')
  const run: Run = async (sql, values) => (await client.query(sql, [...values])).rows
  return {
    store,
    folder,
    ...meddling(run),
    async close() {
      await client.end()
      await store.close()
      await database.drop()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Both databases, where both are there. */
export const meddledKinds: readonly MeddledKind[] = [
  { name: 'SQLite', open: openSqlite },
  ...(postgresIsWanted ? [{ name: 'PostgreSQL', open: openPostgres }] : []),
]

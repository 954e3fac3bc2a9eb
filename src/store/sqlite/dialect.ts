import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { type DialectAdapter, SqliteAdapter, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely'

/** Statements kept ready. Ours are fewer than a hundred; those with lists of any length vary. */
const MOST_STATEMENTS = 200

/** Kysely's own dialect expects the interface of better-sqlite3: this is `node:sqlite` in that shape. */
export class PreparedDatabase implements SqliteDatabase {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, SqliteStatement>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  close(): void {
    this.#database.close()
  }

  prepare(sql: string): SqliteStatement {
    // After a full disk SQLite has rolled back by itself; a second rollback would hide the first error.
    if (sql === 'rollback' && !this.#database.isTransaction) return NOTHING_TO_DO
    const known = this.#prepared.get(sql)
    if (known !== undefined) return known
    const statement = shaped(this.#database.prepare(sql))
    if (this.#prepared.size >= MOST_STATEMENTS) this.#prepared.clear()
    this.#prepared.set(sql, statement)
    return statement
  }
}

const NOTHING_TO_DO: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
}

function shaped(statement: StatementSync): SqliteStatement {
  const values = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[]
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...values(parameters)),
    run: (parameters) => statement.run(...values(parameters)),
    iterate: (parameters) => statement.iterate(...values(parameters)),
  }
}

/** SQLite rolls changes of the schema back like any other: Kysely's migrator may use one transaction. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

export class NodeSqliteDialect extends SqliteDialect {
  constructor(database: DatabaseSync) {
    super({ database: new PreparedDatabase(database) })
  }

  override createAdapter(): DialectAdapter {
    return new TransactionalAdapter()
  }
}

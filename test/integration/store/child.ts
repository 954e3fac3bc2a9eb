/**
 * A process that is killed by tests. `hold FOLDER` opens the store and says so; `note FOLDER` leaves a lazy note and says
 * so; `migrate sqlite|postgres PLACE` hangs in the middle of the last migration; `fill FOLDER` writes until the store
 * refuses, then reads.
 */
import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Store } from '../../../src/store/port.ts'
import { openPostgresStore, POSTGRES_MIGRATIONS } from '../../../src/store/postgres/open.ts'
import { openSqliteStore, SQLITE_MIGRATIONS } from '../../../src/store/sqlite/open.ts'
import { newRun, note } from '../../contracts/store-samples.ts'

const say = (text: string) => void process.stdout.write(`${text}\n`)
const hangs = {
  async up(db: Kysely<unknown>) {
    await db.schema.createTable('second').addColumn('a', 'text').execute()
    await sql`insert into second values ('half')`.execute(db)
    say('half way')
    await new Promise(() => setInterval(() => {}, 1000))
  },
}
const POOL = {
  connections: 2,
  waiting: 10,
  statementTimeoutMs: 60_000,
  connectTimeoutMs: 5000,
  onError: () => {},
  keys: null,
}

async function fill(store: Store): Promise<void> {
  await store.migrate()
  let acknowledged = 0
  try {
    for (;;) {
      await store.accept(newRun('t', { run_id: randomUUID(), request: 'x'.repeat(20_000) }), note('run.create'))
      acknowledged++
    }
  } catch (error) {
    const { name, fault } = error as { name: string; fault?: string }
    const { runs } = await store.runs('t', { limit: 1000 })
    say(`refused with ${name} ${fault}: ${acknowledged} acknowledged, ${runs.length} there`)
  }
}

const [job, first = '', second = ''] = process.argv.slice(2)
if (job === 'hold') {
  const store = openSqliteStore({ folder: first, keys: null })
  await store.migrate()
  await store.accept(newRun('t'), note('run.create'))
  say('holding')
  setInterval(() => {}, 1000)
} else if (job === 'note') {
  const store = openSqliteStore({ folder: first, keys: null })
  await store.migrate()
  await store.note('t', [{ ...note('run.create'), outcome: 'ok' }], { lazy: true })
  // In the same turn: no timer has fired yet.
  say('noted')
  setInterval(() => {}, 1000)
} else if (job === 'fill') await fill(openSqliteStore({ folder: first, keys: null }))
else if (first === 'sqlite')
  await openSqliteStore({ folder: second, keys: null }, { ...SQLITE_MIGRATIONS, '9999-next': hangs }).migrate()
else await openPostgresStore({ ...POOL, url: second }, { ...POSTGRES_MIGRATIONS, '9999-next': hangs }).migrate()

import { MEMORY, type ReadyStore, readyStore, type StoreLog, schemaOf } from '../archive/open.ts'
import { prune, pruneMemories } from '../archive/retention.ts'
import type { StoreConfig } from '../config/store.ts'
import { type Config, parseConfig } from '../config.ts'
import { StoreError } from '../errors.ts'
import { openMemory } from '../memories.ts'
import type { SchemaState } from '../store/records.ts'
import { backupFolder, inspectFolder } from '../store/sqlite/beside.ts'
import { actor } from './actor.ts'
import { ServiceError, UsageError } from './errors.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Of the environment only what says where the store is: a maintainer's shell need not hold the keys of tokens. */
const STORE_NAMES = ['DATA_DIR', 'DATABASE_URL', 'STORE_KEY', 'STORE_OLD_KEYS']
/** And where memories are, if not there. */
const MEMORY_NAMES = ['QDRANT_URL', 'QDRANT_API_KEY', 'ALLOWED_MODEL_HOSTS']

const configOf = (env: Env, names: readonly string[]): Config =>
  parseConfig(Object.fromEntries(names.map((name) => [name, env[name]])))

function storeOf(env: Env): StoreConfig {
  const { store } = configOf(env, STORE_NAMES)
  if (store.databaseUrl === null && store.dataDir === MEMORY)
    throw new UsageError(
      'DATA_DIR is :memory:, which no other process can see. Set DATA_DIR to a folder, or DATABASE_URL.',
    )
  return store
}

const QUIET: StoreLog = { info: () => undefined, warn: () => undefined }

/** The store's own refusals as sentences of the command line. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StoreError) throw new ServiceError(`The store failed (${error.fault}): ${error.message}`)
    throw error
  }
}

async function withStore<T>(env: Env, work: (ready: ReadyStore) => Promise<T>): Promise<T> {
  return await told(async () => {
    const ready = await readyStore(storeOf(env), QUIET)
    try {
      return await work(ready)
    } finally {
      await ready.store.close()
    }
  })
}

const newerNote = (newer: readonly string[]): string =>
  newer.length === 0 ? '' : ` It has those of a newer version too: ${newer.join(', ')}.`

/** Brings the schema up to this version. */
export const migrateCommand = (env: Env, terminal: Terminal): Promise<ExitCode> =>
  withStore(env, async ({ at, applied, newer }) => {
    const done = applied.length === 0 ? 'is up to date.' : `was migrated: ${applied.join(', ')}.`
    terminal.out(`The store at ${at} ${done}${newerNote(newer)}\n`)
    return EXIT.ok
  })

/** What a check has to say of a schema, and whether that is well. */
function judge({ pending, newer }: SchemaState): { line: string; well: boolean } {
  if (pending.length > 0)
    return { line: `schema: lacks ${pending.join(', ')}; the service or "cli -- db migrate" adds them`, well: false }
  return { line: `schema: up to date.${newerNote(newer)}`, well: true }
}

/** Looks at the store and changes nothing; on SQLite at every page, beside a service that has it open. */
export async function checkCommand(env: Env, terminal: Terminal): Promise<ExitCode> {
  const config = storeOf(env)
  const { schema, faults } =
    config.databaseUrl === null
      ? await inspectFolder(config.dataDir)
      : { schema: await told(() => schemaOf(config, QUIET)), faults: null }
  const { line, well } = judge(schema)
  terminal.out(`${line}\n`)
  if (faults !== null)
    terminal.out(
      faults.length === 0 ? 'file: every page and index is in order\n' : `file: DAMAGED\n  ${faults.join('\n  ')}\n`,
    )
  return well && (faults === null || faults.length === 0) ? EXIT.ok : EXIT.failed
}

const summary = (deleted: Readonly<Record<string, number>>): string =>
  Object.entries(deleted)
    .map(([table, count]) => `${count} ${table.replaceAll('_', ' ')}`)
    .join(', ')

/** Deletes runs that ended, and memories that were added, longer ago than `olderThanMs`. */
export const pruneCommand = (olderThanMs: number, env: Env, terminal: Terminal): Promise<ExitCode> =>
  withStore(env, async ({ store }) => {
    const before = Date.now() - olderThanMs
    const wish = { before, actor: actor(), now: Date.now }
    const memory = await openMemory(configOf(env, [...STORE_NAMES, ...MEMORY_NAMES]), store)
    const deleted = await prune(store, wish)
    const { documents, passages } = await pruneMemories({ memory, store }, wish)
    const counts = { ...deleted, memory_documents: documents, memory_passages: passages }
    terminal.out(`Deleted what ended before ${new Date(before).toISOString()}: ${summary(counts)}.\n`)
    return EXIT.ok
  })

/** Writes the SQLite database into `file`, also while the service runs. */
export async function backupCommand(file: string, env: Env, terminal: Terminal): Promise<ExitCode> {
  const config = storeOf(env)
  if (config.databaseUrl !== null)
    throw new UsageError(
      'DATABASE_URL is set: PostgreSQL is backed up with pg_dump, see docs/operations.md, "Backup and restore".',
    )
  const bytes = await backupFolder(config.dataDir, file)
  terminal.out(`${file}: ${bytes} bytes\n`)
  return EXIT.ok
}

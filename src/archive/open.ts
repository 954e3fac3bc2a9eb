import { setTimeout as pause } from 'node:timers/promises'
import type { StoreConfig } from '../config/store.ts'
import { ConfigError } from '../errors.ts'
import { StoreError } from '../store/errors.ts'
import type { Store } from '../store/port.ts'
import type { SchemaState } from '../store/records.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'

/** What of a logger is needed here. */
export interface StoreLog {
  info: (about: object, message: string) => void
  warn: (about: object, message: string) => void
}

export interface OpenOptions {
  /** How long a PostgreSQL that is not there yet is waited for, in ms. @default 15000 */
  patienceMs?: number
}

const PATIENCE_MS = 15_000
const PAUSE_MS = 500

/** Of each process; PostgreSQL allows 100 in all if nobody tells it otherwise. */
const POOL = { connections: 10, waiting: 1000, statementTimeoutMs: 10_000, connectTimeoutMs: 5000 }

/** What PostgreSQL answers to settings that waiting does not repair, by SQLSTATE. */
const REFUSALS: Readonly<Record<string, string>> = {
  '28P01': 'refuses the password',
  '28000': 'refuses the user, or this way of connecting (pg_hba.conf)',
  '3D000': 'has no such database: create it first',
  '42501': 'does not let the user make tables: grant CREATE on the database and on its schema',
}

/** As DATA_DIR: keeps nothing. */
export const MEMORY = ':memory:'

/** The server of a DATABASE_URL, without user, password or parameters. */
export function placeOf(url: string): string {
  const { host, pathname } = new URL(url)
  return `${host || 'the local socket'}${pathname}`
}

async function openNamed(config: StoreConfig, log: StoreLog): Promise<{ store: Store; kind: string; at: string }> {
  const { databaseUrl: url, dataDir, keys } = config
  if (url === null) {
    const onNoVectors = (err: unknown) => log.warn({ err }, 'no sqlite-vec here: memories are compared more slowly')
    return dataDir === MEMORY
      ? {
          store: openSqliteStore({ folder: null, keys, onNoVectors }),
          kind: 'memory',
          at: 'nowhere: nothing outlives the process',
        }
      : { store: openSqliteStore({ folder: dataDir, keys, onNoVectors }), kind: 'sqlite', at: dataDir }
  }
  // Its driver costs memory and time at the start: only where it is used.
  const { openPostgresStore } = await import('../store/postgres/open.ts')
  const onError = (err: Error) => log.warn({ err }, 'a connection to PostgreSQL broke')
  return { store: openPostgresStore({ ...POOL, url, keys, onError }), kind: 'postgresql', at: placeOf(url) }
}

/** Tries again while PostgreSQL is away, until the patience is over. */
async function patiently<T>(work: () => Promise<T>, at: string, patienceMs: number): Promise<T> {
  const until = performance.now() + patienceMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const { code = '' } = error as { code?: string }
      const refusal = REFUSALS[code]
      if (refusal !== undefined) throw new ConfigError(`DATABASE_URL: PostgreSQL at ${at} ${refusal}`, { cause: error })
      if (!(error instanceof StoreError) || error.fault !== 'unavailable') throw error
      if (performance.now() + PAUSE_MS >= until)
        throw new ConfigError(
          `DATABASE_URL: no PostgreSQL answers at ${at} (${error.message}). It was tried for ${Math.round(patienceMs / 1000)} s.`,
          { cause: error },
        )
      await pause(PAUSE_MS)
    }
  }
}

/** Looks at the schema in PostgreSQL and changes nothing. Throws as openStore does. */
export async function schemaOf(config: StoreConfig, log: StoreLog, options: OpenOptions = {}): Promise<SchemaState> {
  const { store, at } = await openNamed(config, log)
  try {
    return await patiently(() => store.schema(), at, options.patienceMs ?? PATIENCE_MS)
  } finally {
    await store.close()
  }
}

/** Migrations only add: a newer schema serves, unless it lacks what this version brings. */
async function prepare(store: Store, at: string): Promise<{ applied: string[]; newer: string[] }> {
  const { newer, pending } = await store.schema()
  if (newer.length > 0 && pending.length > 0)
    throw new ConfigError(
      `The database at ${at} comes from another branch of Consilium: it has ${newer.join(', ')} and lacks ${pending.join(', ')}. Nothing was changed. Start the version that it belongs to.`,
    )
  return { applied: await store.migrate(), newer }
}

export interface ReadyStore {
  store: Store
  kind: string
  /** Where it is, without secrets. */
  at: string
  /** Migrations that were applied just now. */
  applied: string[]
  /** Migrations of a newer version that the database has. */
  newer: string[]
}

/** As openStore, and tells what was done. Writes no line when it is ready. */
export async function readyStore(config: StoreConfig, log: StoreLog, options: OpenOptions = {}): Promise<ReadyStore> {
  const { store, kind, at } = await openNamed(config, log)
  try {
    return { store, kind, at, ...(await patiently(() => prepare(store, at), at, options.patienceMs ?? PATIENCE_MS)) }
  } catch (error) {
    await store.close()
    throw error
  }
}

/**
 * Opens the store that the configuration names and brings its schema up to this version. Throws ConfigError: see
 * openSqliteStore; PostgreSQL that cannot be reached or refuses; a schema that this version cannot work on.
 */
export async function openStore(config: StoreConfig, log: StoreLog, options: OpenOptions = {}): Promise<Store> {
  const { store, kind, at, applied, newer } = await readyStore(config, log, options)
  const about = { store: kind, at, sealed: config.keys !== null, journal: config.journal, migrated: applied }
  log.info(about, 'store opened')
  if (newer.length > 0) log.warn({ migrations: newer }, 'the schema is that of a newer version')
  return store
}

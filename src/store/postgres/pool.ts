import pg from 'pg'
import { StoreError } from '../errors.ts'
import { nameOf } from '../statement.ts'

export interface PoolOptions {
  url: string
  /** Connections at most. */
  connections: number
  /** How many may wait for one. */
  waiting: number
  /** ms for one statement; PostgreSQL ends it. */
  statementTimeoutMs: number
  /** ms for a connection to be made or to become free. */
  connectTimeoutMs: number
  /** Told of connections that broke while nobody used them. */
  onError: (error: Error) => void
}

/** epoch ms and counts stay far below 2^53. */
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
}

/**
 * Sends statements that are built once under a name: PostgreSQL reads each of them once for a connection, and plans it a
 * few times. They name their columns, so a migration that adds one changes nothing about them.
 */
function namesStatements(client: pg.PoolClient): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  const named = (...args: unknown[]): unknown => {
    const [text, values, ...rest] = args
    const name = typeof text === 'string' ? nameOf(text) : undefined
    return name === undefined ? query(...args) : query({ name, text, values }, ...rest)
  }
  Object.assign(client, { query: named })
}

/** A pool whose waiting line is bounded, and whose broken connections are reported instead of ending the process. */
export function createPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections,
    types: TYPES,
    application_name: 'consilium',
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: options.statementTimeoutMs,
    lock_timeout: options.statementTimeoutMs,
    idle_in_transaction_session_timeout: options.statementTimeoutMs * 2,
    // PostgreSQL behind a cut wire cannot end a statement; this ends the waiting for it.
    query_timeout: options.statementTimeoutMs + 2000,
    // Statements of one transaction need not wait for each other's replies.
    pipeline: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5000,
  })
  pool.on('error', options.onError)
  // A connection that breaks between two statements of a transaction tells only its own listeners.
  pool.on('connect', (client) => {
    client.on('error', options.onError)
    namesStatements(client)
  })
  const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>
  // Who is served at once stands in the line too, for one turn of the event loop.
  const free = () => pool.idleCount + options.connections - pool.totalCount
  const bounded = (): Promise<pg.PoolClient> =>
    pool.waitingCount >= options.waiting + free()
      ? Promise.reject(new StoreError('unavailable', 'Too many wait for a connection to PostgreSQL'))
      : connect()
  return Object.assign(pool, { connect: bounded as typeof pool.connect })
}

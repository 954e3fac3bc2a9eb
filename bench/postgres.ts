import { randomUUID } from 'node:crypto'
import pg from 'pg'

const SERVER = process.env.BENCH_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'

async function onServer<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: SERVER, connectionTimeoutMillis: 2000 })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** False when nobody listens there. Throws when somebody does and refuses. */
export async function hasPostgres(): Promise<boolean> {
  try {
    return await onServer(async () => true)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return false
    throw error
  }
}

/** Gives `work` the URL of an empty database of its own, and drops it afterwards. */
export async function withDatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  const name = `consilium_bench_${randomUUID().replaceAll('-', '')}`
  await onServer((client) => client.query(`create database ${name}`))
  try {
    return await work(Object.assign(new URL(SERVER), { pathname: `/${name}` }).href)
  } finally {
    await onServer((client) => client.query(`drop database ${name} with (force)`))
  }
}

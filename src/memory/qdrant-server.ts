import { hash } from 'node:crypto'
import { QdrantClient } from '@qdrant/js-client-rest'
import { StoreError } from '../errors.ts'
import type { Sealer } from './port.ts'

export interface QdrantOptions {
  /** Base URL; whether it may be called has been decided. */
  url: URL
  api_key: string | null
  /** For what a payload holds beside its ids. Vectors stay bare: Qdrant has to compare them. */
  sealer: Sealer
  /** For each request, in ms. @default 10000 */
  timeout_ms?: number
  /** Epoch ms. @default the system's */
  now?: () => number
}

/** Ours among the collections of a server that others may use too. */
export const PREFIX = 'consilium_'
/** One for each model and number of dimensions: Qdrant compares only what has the same. */
export const nameOf = (model: string, dims: number): string => `${PREFIX}${dims}_${hash('sha256', model).slice(0, 16)}`

export const statusOf = (error: unknown): unknown => (error as { status?: unknown }).status

/** Never repeats what Qdrant says: it may quote payloads. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StoreError) throw error
    const status = statusOf(error)
    const said = typeof status === 'number' ? `answered ${status}` : 'does not answer'
    throw new StoreError('unavailable', `Qdrant ${said}`, { cause: error })
  }
}

/** Opens no connection. */
export function clientOf({ url, api_key, timeout_ms = 10_000 }: QdrantOptions): QdrantClient {
  const prefix = url.pathname.replace(/\/+$/, '')
  return new QdrantClient({
    url: url.origin,
    ...(prefix !== '' && { prefix }),
    // As a header, because the client writes to the console about keys on plain HTTP.
    ...(api_key !== null && { headers: { 'api-key': api_key } }),
    timeout: timeout_ms,
    checkCompatibility: false,
  })
}

const INDEXED = [
  ['collection', 'keyword'],
  ['document_id', 'keyword'],
  ['added_by', 'keyword'],
  ['position', 'integer'],
  ['created_at', 'integer'],
] as const

/** Makes what is not there yet. Two that begin at once both succeed. */
export async function prepare(client: QdrantClient, name: string, dims: number): Promise<void> {
  if ((await client.collectionExists(name)).exists) return
  try {
    await client.createCollection(name, { vectors: { size: dims, distance: 'Cosine' } })
  } catch (error) {
    if (!(await client.collectionExists(name)).exists) throw error
  }
  await client.createPayloadIndex(name, {
    field_name: 'tenant',
    field_schema: { type: 'keyword', is_tenant: true },
    wait: true,
  })
  for (const [field_name, field_schema] of INDEXED)
    await client.createPayloadIndex(name, { field_name, field_schema, wait: true })
}

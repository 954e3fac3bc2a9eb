import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { onTestFinished } from 'vitest'
import type { Memory, NewDocument, Passage } from '../../src/memory/port.ts'
import { createQdrantMemory } from '../../src/memory/qdrant.ts'
import { createStoredMemory } from '../../src/memory/stored.ts'
import { createCipher, type Keys } from '../../src/store/cipher.ts'
import { createClinical } from '../../src/store/clinical.ts'
import type { Store } from '../../src/store/port.ts'
import { openPostgresStore } from '../../src/store/postgres/open.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { startFakeQdrant } from '../helpers/fake-qdrant.ts'
import { createDatabase, postgresIsWanted } from './store-subjects.ts'

export interface MemorySubject {
  memory: Memory
  /** What time it takes it to be, in epoch ms. */
  clock: { now: number }
  /** Another process on the same data, with these keys or the same; the one before is closed. */
  reopen: (keys?: Keys | null) => Promise<Memory>
  /** All bytes at rest. */
  rawBytes: () => Promise<string>
}

export interface MemoryKind {
  name: string
  /** Whether vectors are sealed where there is a key. */
  sealsVectors: boolean
  /** Whether what two remove at once is counted by one of them only: Qdrant counts before it removes. */
  countsExactly: boolean
  open: (keys?: Keys | null) => Promise<MemorySubject>
}

/** A store that is opened again and again on the same data. */
async function overStore(
  openStore: (keys: Keys | null) => Store,
  keys: Keys | null,
): Promise<Pick<MemorySubject, 'memory' | 'clock' | 'reopen'> & { close: () => Promise<void> }> {
  const clock = { now: Date.now() }
  const memoryOver = (shelf: Store) => createStoredMemory(shelf, () => clock.now)
  let store = openStore(keys)
  await store.migrate()
  return {
    memory: memoryOver(store),
    clock,
    async reopen(given = keys) {
      await store.close()
      store = openStore(given)
      return memoryOver(store)
    },
    close: () => store.close(),
  }
}

async function openSqlite(keys: Keys | null = null): Promise<MemorySubject> {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-memory-'))
  const subject = await overStore((given) => openSqliteStore({ folder, keys: given }), keys)
  onTestFinished(async () => {
    await subject.close()
    rmSync(folder, { recursive: true })
  })
  const rawBytes = async () =>
    ['consilium.db', 'consilium.db-wal'].map((file) => readFileSync(join(folder, file), 'latin1')).join()
  return { ...subject, rawBytes }
}

async function openPostgres(keys: Keys | null = null): Promise<MemorySubject> {
  const database = await createDatabase()
  const subject = await overStore((given) => openPostgresStore(database.options({ keys: given })), keys)
  onTestFinished(async () => {
    await subject.close()
    await database.drop()
  })
  return {
    ...subject,
    async rawBytes() {
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      const all: string[] = []
      for (const table of ['memory_documents', 'memory_passages'])
        for (const row of (await client.query(`select * from ${table}`)).rows)
          for (const value of Object.values(row))
            all.push(value instanceof Buffer ? value.toString('latin1') : `${value}`)
      await client.end()
      return all.join('\n')
    },
  }
}

async function openQdrant(keys: Keys | null = null): Promise<MemorySubject> {
  const server = await startFakeQdrant('its-key')
  const clock = { now: Date.now() }
  const client = (given: Keys | null) =>
    createQdrantMemory({
      url: server.url,
      api_key: 'its-key',
      sealer: createClinical(createCipher(given)),
      now: () => clock.now,
    })
  return {
    memory: client(keys),
    clock,
    reopen: async (given = keys) => client(given),
    // Bodies stand there as base64.
    rawBytes: async () =>
      server.rawBytes().replaceAll(/"body":"([^"]*)"/g, (_, body) => Buffer.from(body, 'base64').toString('latin1')),
  }
}

/** Everything that says it is a Memory. */
export const memoryKinds: readonly MemoryKind[] = [
  { name: 'SQLite', sealsVectors: true, countsExactly: true, open: openSqlite },
  ...(postgresIsWanted ? [{ name: 'PostgreSQL', sealsVectors: true, countsExactly: true, open: openPostgres }] : []),
  { name: 'Qdrant (a fake)', sealsVectors: false, countsExactly: false, open: openQdrant },
]

/** A vector in a plane: its score against another is the cosine of the angle between them, in degrees. */
export const at = (degrees: number, dims = 4): Float32Array => {
  const angle = (degrees * Math.PI) / 180
  const vector = new Float32Array(dims)
  vector[0] = 3 * Math.cos(angle)
  vector[1] = 3 * Math.sin(angle)
  return vector
}

export const passagesAt = (angles: readonly number[], dims?: number): Passage[] =>
  angles.map((degrees, index) => ({ text: `Text at ${degrees}.`, embedding: at(degrees, dims), position: index + 1 }))

export const document = (angles: readonly number[], more: Partial<NewDocument> = {}): NewDocument => ({
  collection: 'evidence',
  added_by: 'nurse-1',
  source: 'guideline.txt',
  title: 'Guideline',
  metadata: {},
  model: 'bge-m3',
  passages: passagesAt(angles),
  ...more,
})

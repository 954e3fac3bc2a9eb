import { expect, test } from 'vitest'
import type { Store } from '../../../src/store/port.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { accepted, newTenant, T0 } from '../../contracts/store-samples.ts'
import { newFolder } from './folder.ts'

const webhook = 'https://hooks.example/?token=secret'

async function ended(store: Store) {
  const lease = await accepted(store, newTenant(), { webhook })
  await store.record(lease, { at: T0, finish: { status: 'failed', response: null } }, null)
  return lease.run_id
}

test('a webhook whose key is missing is told as a fault, and keeps no other delivery back', async () => {
  const folder = newFolder()
  const using = async <T>(byte: number, work: (store: Store) => Promise<T>): Promise<T> => {
    const store = openSqliteStore({ folder, keys: { current: Buffer.alloc(32, byte), old: [] } })
    await store.migrate()
    try {
      return await work(store)
    } finally {
      await store.close()
    }
  }
  const sealed = await using(1, ended)
  await using(2, async (store) => {
    const readable = await ended(store)
    const due = await store.dueDeliveries(T0, T0 + 1, 9)
    expect(Object.fromEntries(due.map(({ run_id, webhook }) => [run_id, webhook]))).toEqual({
      [sealed]: { fault: 'key_missing' },
      [readable]: { url: webhook },
    })
  })
})

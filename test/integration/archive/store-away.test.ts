import { describe, expect, onTestFinished, test } from 'vitest'
import { openStore } from '../../../src/archive/open.ts'
import { watchStore } from '../../../src/archive/store-health.ts'
import { newRun, note } from '../../contracts/store-samples.ts'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { doorTo } from './door.ts'
import { createLog, storeConfig } from './opened.ts'

describe.runIf(postgresIsWanted)('PostgreSQL goes away while the service runs', () => {
  async function arranged(limitMs: number) {
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    const door = await doorTo(database.url)
    const store = await openStore(storeConfig({ DATABASE_URL: door.url }), createLog().log)
    onTestFinished(() => store.close())
    const changes: (string | null)[] = []
    let now = 0
    const health = watchStore({ store, onChange: (reason) => changes.push(reason), now: () => (now += 1000), limitMs })
    return { door, store, health, changes }
  }

  test('it is said, writes are refused as unavailable, and all goes on by itself when it is back', async () => {
    const { door, store, health, changes } = await arranged(60_000)
    expect(await health.reason()).toBeNull()
    await door.close()
    expect(await health.reason()).toBe('The store of runs cannot be reached.')
    await expect(store.accept(newRun('t'), note('run.create'))).rejects.toMatchObject({ fault: 'unavailable' })
    await door.open()
    expect(await health.reason()).toBeNull()
    const run = newRun('t')
    await store.accept(run, note('run.create'))
    expect((await store.run('t', run.run_id))?.run_id).toBe(run.run_id)
    expect(changes).toEqual(['The store of runs cannot be reached.', null])
  })

  test('a connection on which nothing comes any more is noticed too', async () => {
    const { door, health } = await arranged(300)
    expect(await health.reason()).toBeNull()
    door.freeze()
    expect(await health.reason()).toBe('The store of runs does not answer in time.')
    await door.close()
  })
})

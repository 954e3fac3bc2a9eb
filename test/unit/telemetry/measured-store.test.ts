import { Registry } from 'prom-client'
import { describe, expect, onTestFinished, test } from 'vitest'
import { StoreError } from '../../../src/errors.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { measuredStore } from '../../../src/telemetry/measured-store.ts'
import { StoreMetrics } from '../../../src/telemetry/store-metrics.ts'
import { newRun, note } from '../../contracts/store-samples.ts'

async function arranged() {
  const registry = new Registry()
  const bare = openSqliteStore({ folder: null, keys: null })
  const store = measuredStore(bare, new StoreMetrics('c_', registry))
  onTestFinished(() => bare.close())
  return { bare, store, registry, text: () => registry.metrics() }
}

describe('a measured store', () => {
  test('does what the store does, all of it', async () => {
    const { bare, store } = await arranged()
    expect(Object.keys(store).sort()).toEqual(Object.keys(bare).sort())
    await store.migrate()
    const run = newRun('t')
    await store.accept(run, note('run.create'))
    expect((await store.run('t', run.run_id))?.request).toEqual(run.request)
  })

  test('counts writes by what they do, and reads not at all', async () => {
    const { store, text } = await arranged()
    await store.migrate()
    await store.accept(newRun('t'), note('run.create'))
    await store.runs('t', { limit: 1 })
    expect((await text()).match(/^c_store_write_seconds_count.*$/gm)).toEqual([
      'c_store_write_seconds_count{operation="accept"} 1',
    ])
  })

  test('is up when it answers and down when it cannot be reached; refusals say nothing of that', async () => {
    const { bare, store, text } = await arranged()
    const up = async () => /^c_store_up (\d)$/m.exec(await text())?.[1] ?? null
    expect(await up()).toBeNull()
    await store.migrate()
    expect(await up()).toBe('1')
    await expect(store.runs('t', { limit: 1, cursor: 'nonsense' })).rejects.toThrow(/cursor/)
    expect(await up()).toBe('1')
    await bare.close()
    await expect(store.accept(newRun('t'), note('run.create'))).rejects.toMatchObject({ fault: 'unavailable' })
    expect(await up()).toBe('0')
    const all = await text()
    expect(all).toContain('c_store_failures_total{fault="bad_cursor"} 1\n')
    expect(all).toContain('c_store_failures_total{fault="unavailable"} 1\n')
    expect(all).toContain('c_store_failures_total{fault="full"} 0\n')
  })

  test('is down while its disk is full, though it answers, and up with the first write that is kept', async () => {
    const { bare, text, registry } = await arranged()
    await bare.migrate()
    let isFull = false
    const faults: string[] = []
    const store = measuredStore(
      {
        ...bare,
        accept: (...args) => (isFull ? Promise.reject(new StoreError('full', 'no room')) : bare.accept(...args)),
      },
      new StoreMetrics('d_', registry),
      (fault) => faults.push(fault),
    )
    const up = async () => /^d_store_up (\d)$/m.exec(await text())?.[1] ?? null
    await store.ping()
    isFull = true
    await expect(store.accept(newRun('t'), note('run.create'))).rejects.toMatchObject({ fault: 'full' })
    await store.ping()
    await store.heartbeat('nobody', 1)
    expect(await up()).toBe('0')
    expect(faults).toEqual(['full'])
    await store.tryWrite()
    expect(await up()).toBe('1')
  })
})

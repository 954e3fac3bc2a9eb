import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createRetention, prune, pruneMemories, type RetentionParts } from '../../../src/archive/retention.ts'
import { StoreError } from '../../../src/errors.ts'
import type { Collection, NewDocument } from '../../../src/memory/port.ts'
import type { Store } from '../../../src/store/port.ts'
import { NOTHING } from '../../../src/store/queries/retention.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { StoreMetrics } from '../../../src/telemetry/store-metrics.ts'
import { document, memoryKinds } from '../../contracts/memory-subjects.ts'
import { newRun, newTenant, note } from '../../contracts/store-samples.ts'
import { kinds } from '../../contracts/store-subjects.ts'
import { newFolder } from '../store/folder.ts'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 10, 21)

/** A run that has ended so many days ago. */
async function ended(store: Store, tenant: string, days: number, request: unknown = {}): Promise<string> {
  const at = NOW - days * DAY_MS
  const accepted = await store.accept(newRun(tenant, { run_id: randomUUID(), request, at }), note('run.create'))
  if (accepted.kind !== 'created') throw new Error('The run was not created')
  const finish = { status: 'succeeded' as const, response: { text: 'done' } }
  await store.record(accepted.lease, { at, events: [{ event: 'run.finished', data: {} }], finish }, null)
  return accepted.lease.run_id
}

async function arranged(store: Store, given: Partial<RetentionParts> = {}) {
  const registry = new Registry()
  const metrics = new StoreMetrics('c_', registry, () => NOW)
  const lines: string[] = []
  const log = {
    info: (_: object, message: string) => void lines.push(message),
    error: ({ err }: { err?: unknown }, message: string) => void lines.push(`${message}: ${(err as Error).name}`),
  }
  const retention = createRetention({ store, memory: null, days: 90, now: () => NOW, metrics, log, ...given })
  return { retention, lines, text: () => registry.metrics() }
}

const idsOf = async (store: Store, tenant: string) =>
  (await store.runs(tenant, { limit: 1000 })).runs.map(({ run_id }) => run_id).sort()

describe.each(kinds)('retention on $name', ({ open }) => {
  async function opened(): Promise<Store> {
    const subject = await open()
    onTestFinished(() => subject.close())
    return subject.store
  }

  test('deletes what ended before its days, in every tenant, counts it and tells the age of the oldest left', async () => {
    const store = await opened()
    await ended(store, 'a', 91)
    await ended(store, 'b', 400)
    const young = await ended(store, 'a', 89)
    const open = await store.accept(newRun('b', { at: NOW - 500 * DAY_MS }), note('run.create'))
    const { retention, lines, text } = await arranged(store)
    await retention.round()
    expect(await idsOf(store, 'a')).toEqual([young])
    expect(await idsOf(store, 'b')).toEqual([open.kind === 'created' && open.lease.run_id])
    expect(lines).toEqual(['old runs deleted'])
    expect(await text()).toContain('c_retention_deleted_total{table="runs"} 2\n')
    expect(await text()).toContain('c_retention_deleted_total{table="events"} 2\n')
    expect(await text()).toContain(`c_store_oldest_run_age_seconds ${(89 * DAY_MS) / 1000}\n`)
    const [entry] = (await store.auditLinks('b', 0, 100)).filter(({ action }) => action === 'runs.delete')
    expect(entry).toMatchObject({ actor: 'retention', outcome: 'ok' })
    expect(JSON.parse(entry?.details ?? '')).toMatchObject({ ended_before: '2026-08-23T00:00:00.000Z', runs: 1 })
  })

  test('deletes more than one slice holds', async () => {
    const store = await opened()
    for (let n = 0; n < 205; n++) await ended(store, 'a', 100)
    const slices: number[] = []
    const onSlice = ({ runs }: { runs: number }) => slices.push(runs)
    const { runs } = await prune(store, { before: NOW - DAY_MS, actor: 'cli:me', now: () => NOW, onSlice })
    expect([runs, slices]).toEqual([205, [100, 100, 5]])
    expect(await idsOf(store, 'a')).toEqual([])
  })

  test('without days deletes nothing and still tells the age', async () => {
    const store = await opened()
    const old = await ended(store, 'a', 4000)
    const { retention, text } = await arranged(store, { days: null })
    await retention.round()
    expect(await idsOf(store, 'a')).toEqual([old])
    expect(await text()).toContain('c_store_oldest_run_age_seconds 345600000\n')
  })
})

describe.each(memoryKinds)('retention of memories in $name', ({ open }) => {
  /** Memories of two tenants that are so many days old, and the evidence of one, as old as the oldest. */
  async function filled() {
    const { memory, clock } = await open()
    const store = openSqliteStore({ folder: newFolder(), keys: null })
    onTestFinished(() => store.close())
    await store.migrate()
    const [a, b] = [newTenant(), newTenant()]
    const add = (tenant: string, days: number, more: Partial<NewDocument> = {}) => {
      clock.now = NOW - days * DAY_MS
      return memory.add(tenant, document([0, 1], { collection: 'memory', ...more }))
    }
    await add(a, 400, { collection: 'evidence' })
    await add(a, 400, { model: 'minilm' })
    await add(a, 91)
    await add(b, 91)
    const young = await add(a, 89)
    const idsIn = async (tenant: string, collection: Collection) =>
      (await memory.list(tenant, collection, { limit: 100, after: null })).documents.map(({ id }) => id)
    return { memory, store, a, b, young, idsIn }
  }

  test('deletes what was added before its days, in every tenant, counts and notes it, and leaves evidence alone', async () => {
    const { memory, store, a, b, young, idsIn } = await filled()
    const { retention, lines, text } = await arranged(store, { memory })
    await retention.round()
    expect([await idsIn(a, 'memory'), await idsIn(b, 'memory')]).toEqual([[young], []])
    expect(await idsIn(a, 'evidence')).toHaveLength(1)
    expect(lines).toEqual(['old memories deleted'])
    expect(await text()).toContain('c_retention_deleted_total{table="memory_documents"} 3\n')
    expect(await text()).toContain('c_retention_deleted_total{table="memory_passages"} 6\n')
    const entries = (await store.auditLinks(a, 0, 100)).map(({ actor, action, object, outcome, details }) => [
      ...[actor, action, object, outcome],
      JSON.parse(details),
    ])
    const added_before = '2026-08-23T00:00:00.000Z'
    expect(entries).toEqual([
      ['retention', 'memories.delete', 'memories', 'asked', { added_before }],
      ['retention', 'memories.delete', 'memories', 'ok', { added_before, documents: 2, passages: 4 }],
    ])
    await retention.round()
    expect(await store.auditLinks(a, 0, 100)).toHaveLength(2)
  })

  test('without days, and where nothing can be noted, deletes nothing', async () => {
    const { memory, store, a, idsIn } = await filled()
    await (await arranged(store, { memory, days: null })).retention.round()
    const mute = { ...store, note: () => Promise.reject(new StoreError('full', 'no room')) }
    const { retention, lines } = await arranged(mute, { memory })
    await retention.round()
    expect(await idsIn(a, 'memory')).toHaveLength(3)
    expect(lines).toEqual(['old memories were not deleted: StoreError'])
  })
})

describe('retention', () => {
  const failing: RetentionParts['store'] = {
    deleteFinished: () => Promise.reject(new StoreError('unavailable', 'away')),
    oldestFinished: async () => null,
    note: async () => undefined,
  }
  test('logs a store that fails, and tries again with the next round', async () => {
    const { retention, lines } = await arranged({} as Store, { store: failing })
    await retention.round()
    await retention.round()
    expect(lines).toEqual(Array(2).fill('old runs were not deleted: StoreError'))
  })

  test('deletes old runs while memories are away, and memories while the runs are', async () => {
    const removed: string[] = []
    const old = new Set(['a', 'b'])
    const memory: RetentionParts['memory'] = {
      tenantsWithOlder: async () => [...old],
      remove: async (tenant) => {
        old.delete(tenant)
        removed.push(tenant)
        return { documents: 1, passages: 1 }
      },
    }
    await (await arranged({} as Store, { store: failing, memory })).retention.round()
    expect(removed).toEqual(['a', 'b'])
    const away = { ...memory, tenantsWithOlder: () => Promise.reject(new StoreError('unavailable', 'away')) }
    let slices = 0
    const deleteFinished = async () => ({ ...NOTHING, runs: slices++ === 0 ? 1 : 0 })
    const { retention, lines } = await arranged({} as Store, { store: { ...failing, deleteFinished }, memory: away })
    await retention.round()
    expect(lines).toEqual(['old runs deleted', 'old memories were not deleted: StoreError'])
  })

  test('asks no further where nothing goes away', async () => {
    const stuck = { tenantsWithOlder: async () => ['a'], remove: async () => ({ documents: 0, passages: 0 }) }
    const parts = { memory: stuck, store: failing }
    const wish = { before: NOW, actor: 'cli:me', now: () => NOW }
    expect(await pruneMemories(parts, wish)).toEqual({ documents: 0, passages: 0 })
  })

  test('tells no age while no run has ended', async () => {
    const { retention, text } = await arranged({} as Store, { days: null, store: failing })
    await retention.round()
    expect(await text()).not.toMatch(/^c_store_oldest_run_age_seconds \d/m)
  })

  test('ends between two slices when the service stops', async () => {
    let slices = 0
    const endless = async () => {
      if (++slices === 3) void retention.stop()
      return { ...NOTHING, runs: 1 }
    }
    const { retention } = await arranged({} as Store, { store: { ...failing, deleteFinished: endless } })
    await retention.round()
    expect(slices).toBe(3)
  })

  test('leaves no deleted text in the file', async () => {
    const folder = newFolder()
    const store = openSqliteStore({ folder, keys: null })
    await store.migrate()
    const canary = `JANE-ROE ${'x'.repeat(9000)} JANE-ROE`
    await ended(store, 'a', 100, { canary })
    const bytes = () => readFileSync(join(folder, 'consilium.db'), 'latin1')
    await store.close()
    expect(bytes()).toContain('JANE-ROE')
    const again = openSqliteStore({ folder, keys: null })
    await prune(again, { before: NOW, actor: 'cli:me', now: () => NOW })
    await again.close()
    expect(bytes()).not.toContain('JANE-ROE')
  })
})

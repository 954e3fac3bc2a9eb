import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import type { AuditVerdictView } from '../../../src/contract/audit.ts'
import { StoreError } from '../../../src/errors.ts'
import type { Store } from '../../../src/store/port.ts'
import { note } from '../../contracts/store-samples.ts'
import { openDesk } from '../../helpers/audit-gate.ts'
import { newFolder, opened } from '../store/folder.ts'

afterEach(() => vi.useRealTimers())

async function chains(lengths: Record<string, number>) {
  const folder = newFolder()
  const store = opened(folder)
  await store.migrate()
  for (const [tenant, length] of Object.entries(lengths))
    await store.note(
      tenant,
      Array.from({ length }, () => ({ ...note('run.read'), outcome: 'ok' })),
    )
  const meddle = (sql: string): void => {
    const database = new DatabaseSync(join(folder, 'consilium.db'))
    database.exec(sql)
    database.close()
  }
  return { store, meddle }
}

function openStopped(store: Store) {
  const made = openDesk(store)
  onTestFinished(() => made.desk.stop())
  return made
}

test('a long chain is verified while others have their turns', async () => {
  const { store } = await chains({ a: 12_000 })
  const { desk } = openDesk(store)
  let verdict: AuditVerdictView | null = null
  const verified = desk.verify('a').then((found) => {
    verdict = found
  })
  let turns = 0
  while (verdict === null) {
    await new Promise((resolve) => setImmediate(resolve))
    turns++
  }
  await verified
  expect(verdict).toMatchObject({ ok: true, entries: 12_000 })
  expect(turns).toBeGreaterThanOrEqual(12)
})

test('all chains are verified at the start and every day, and the metric says how many are broken', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const { store, meddle } = await chains({ a: 5, b: 1500, '~service': 3 })
  meddle("update audit set outcome = 'denied' where tenant = 'b' and seq = 1200")
  const { desk, watched, lines } = openStopped(store)
  await desk.start()
  const verified = () => lines.filter(({ msg }) => msg === 'audit chains verified')
  await vi.waitFor(() => expect(verified()).toHaveLength(1))
  expect(verified()[0]).toMatchObject({ chains: 3, broken: 1 })
  expect(watched.broken).toBe(1)
  expect(lines.find(({ msg }) => msg === 'audit chain broken')).toMatchObject({
    tenant: 'b',
    first: { seq: 1200, kind: 'edited' },
  })
  meddle("update audit set outcome = 'denied' where tenant = '~service' and seq = 1")
  vi.advanceTimersByTime(86_400_000)
  await vi.waitFor(() => expect(verified()).toHaveLength(2))
  expect(watched.broken).toBe(2)
  meddle("update audit set outcome = 'ok'")
  await desk.verify('b')
  expect(watched.broken).toBe(1)
})

test('a stop ends the verification that goes on by itself', async () => {
  const { store } = await chains({ a: 30_000 })
  let pages = 0
  const counting: Store = {
    ...store,
    auditLinks: (tenant, after, limit) => {
      pages++
      return store.auditLinks(tenant, after, limit)
    },
  }
  const { desk, lines } = openDesk(counting)
  await desk.start()
  await vi.waitFor(() => expect(pages).toBeGreaterThan(1))
  await desk.stop()
  expect(pages).toBeLessThan(30)
  const atStop = pages
  await new Promise((resolve) => setImmediate(resolve))
  expect(pages).toBe(atStop)
  expect(lines).toEqual([])
})

test('who asks while a chain is being verified gets a verdict that was begun after the question, shared by all who wait', async () => {
  const { store, meddle } = await chains({ a: 5000 })
  let begun = 0
  const { promise: held, resolve: goOn } = Promise.withResolvers<void>()
  const { promise: reading, resolve: isReading } = Promise.withResolvers<void>()
  const slow: Store = {
    ...store,
    async auditLinks(tenant, after, limit) {
      const page = await store.auditLinks(tenant, after, limit)
      if (after > 0) return page
      if (++begun === 1) isReading()
      await held
      return page
    },
  }
  const { desk } = openDesk(slow)
  const first = desk.verify('a')
  await reading
  meddle("update audit set actor = 'x' where seq = 1")
  const asked = [desk.verify('a'), desk.verify('a'), desk.verify('a')]
  goOn()
  const later = await Promise.all(asked)
  expect(await first).toMatchObject({ ok: true })
  expect(later.map(({ ok }) => ok)).toEqual([false, false, false])
  expect(begun).toBe(2)
})

test.each([
  ['a number that is none', "update audit set at = 'never' where seq = 3"],
  ['a number beyond all numbers', 'update audit set at = 9223372036854775807 where seq = 3'],
  ['a position that is none', "update audit set seq = 'x' where seq = 3"],
  ['a fraction', 'update audit set seq = 2.5 where seq = 3'],
  ['bytes', "update audit set actor = x'ff00' where seq = 3"],
])('what no column of ours can hold is found, and the rest is still listed: %s', async (_, sql) => {
  const { store, meddle } = await chains({ a: 5 })
  meddle(sql)
  const { desk, watched } = openDesk(store)
  const verdict = await desk.verify('a')
  expect(verdict.ok).toBe(false)
  expect(watched.broken).toBe(1)
  expect(JSON.parse(JSON.stringify(verdict))).toEqual(verdict)
})

const COPY = 'at, actor, action, object, outcome, details, prev_hash, hash from audit where seq = 2'
test.each([
  ['the bytes of its name', "cast('a' as blob)", "x'61'"],
  ['bytes that are no text', "x'ff00'", "x'ff00'"],
  ['text that is no UTF-8', "cast(x'61ff' as text)", "x'61ff'"],
  ['its name and more behind a zero', "'a' || char(0)", "x'6100'"],
])('entries for a tenant that is %s are found, until they are gone', async (_, name, shown) => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const { store, meddle } = await chains({ a: 5, b: 2 })
  meddle(`insert into audit select ${name}, 50, ${COPY} and tenant = 'a'`)
  const { desk, watched, lines } = openStopped(store)
  await desk.start()
  const verified = () => lines.filter(({ msg }) => msg === 'audit chains verified')
  await vi.waitFor(() => expect(verified()).toHaveLength(1))
  const broken = lines.filter(({ msg }) => msg === 'audit chain broken').map(({ tenant }) => tenant)
  expect(broken[0]).toBe(shown)
  expect(broken).not.toContain('b')
  expect(watched.broken).toBe(broken.length)
  meddle('delete from audit where seq = 50')
  vi.advanceTimersByTime(86_400_000)
  await vi.waitFor(() => expect(verified()).toHaveLength(2))
  expect(watched.broken).toBe(0)
})

test('who asks about one tenant hears of entries that bear its name as bytes', async () => {
  const { store, meddle } = await chains({ a: 5, b: 2 })
  meddle(`insert into audit select cast('a' as blob), 50, ${COPY} and tenant = 'a'`)
  const { desk } = openDesk(store)
  expect(await desk.verify('a')).toMatchObject({ ok: false, entries: 5, breaks: [{ kind: 'foreign' }] })
  expect(await desk.verify('b')).toMatchObject({ ok: true })
})

test('a store that does not answer is no broken chain', async () => {
  const { store } = await chains({ a: 1 })
  const away = { ...store, auditLinks: () => Promise.reject(new StoreError('unavailable', 'gone')) }
  const { desk, watched } = openDesk(away)
  await expect(desk.verify('a')).rejects.toMatchObject({ fault: 'unavailable' })
  expect(watched.broken).toBe(0)
})

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import type { AuditDeskOptions } from '../../../src/archive/audit-desk.ts'
import { readHeadFile } from '../../../src/store/audit/head-file.ts'
import type { Store } from '../../../src/store/port.ts'
import { accepted, finished, note } from '../../contracts/store-samples.ts'
import { HEAD_KEY, openDesk } from '../../helpers/audit-gate.ts'
import { newFolder, opened } from '../store/folder.ts'

afterEach(() => vi.useRealTimers())

const T = 'ward-7'

async function subject(options: Partial<AuditDeskOptions> = {}) {
  const folder = newFolder()
  const store = opened(folder)
  await store.migrate()
  const headFile = join(folder, 'heads.json')
  const open = (on: Store = store) => {
    const made = openDesk(on, { headFile, headKey: HEAD_KEY, ...options })
    onTestFinished(() => made.desk.stop())
    return made
  }
  const sealedSeq = async (tenant = T) => (await readHeadFile(headFile, HEAD_KEY))?.heads[tenant]?.seq ?? 0
  return { folder, store, headFile, open, sealedSeq }
}

const noteMany = (store: Store, count: number) =>
  store.note(
    T,
    Array.from({ length: count }, () => ({ ...note('run.read'), outcome: 'ok' })),
  )

test('heads are sealed at the start, after so many entries, and at a clean stop', async () => {
  const { open, sealedSeq } = await subject({ sealEveryEntries: 5 })
  const { desk } = open()
  await noteMany(desk.store, 2)
  await desk.start()
  expect(await sealedSeq()).toBe(2)
  await noteMany(desk.store, 4)
  await noteMany(desk.store, 1)
  await vi.waitFor(async () => expect(await sealedSeq()).toBe(7))
  await noteMany(desk.store, 1)
  expect(await sealedSeq()).toBe(7)
  await desk.stop()
  expect(await sealedSeq()).toBe(8)
})

test('what the store writes by itself counts too', async () => {
  const { open } = await subject()
  const { desk, watched } = open()
  await finished(desk.store, T)
  const lease = await accepted(desk.store, T)
  await desk.store.record(lease, { at: 1, status: 'running' }, null)
  await desk.store.requestCancel(T, lease.run_id, note('run.cancel'))
  await desk.store.claim(lease, 'replica-2', 2, note('run.claim'))
  await desk.store.deleteFinished(Number.MAX_SAFE_INTEGER, 10, () => note('run.delete'))
  expect(watched.entries).toBe((await desk.store.auditHead(T)).seq)
  expect(watched.entries).toBe(6)
})

test('heads are sealed every minute, however few entries there are', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const { open, sealedSeq } = await subject()
  const { desk } = open()
  await desk.start()
  await noteMany(desk.store, 1)
  expect(await sealedSeq()).toBe(0)
  vi.advanceTimersByTime(60_000)
  await vi.waitFor(async () => expect(await sealedSeq()).toBe(1))
})

test('sealing that fails is logged and counted, and the service goes on', async () => {
  const { headFile, open, sealedSeq } = await subject({ sealEveryEntries: 1 })
  mkdirSync(`${headFile}.next`)
  const { desk, watched, lines } = open()
  await desk.start()
  await desk.note(T, { actor: 'a', action: 'run.read', object: 'run/1', outcome: 'ok' })
  await desk.stop()
  expect(watched.sealFailed).toBeGreaterThanOrEqual(2)
  expect(lines.filter(({ msg }) => msg === 'audit heads could not be sealed').length).toBe(watched.sealFailed)
  rmSync(`${headFile}.next`, { recursive: true })
  await desk.seal()
  expect(await sealedSeq()).toBe(1)
})

test('a chain that no longer holds what was signed is not sealed over, and shows in the metric', async () => {
  const { store, open, headFile } = await subject()
  const first = open()
  await noteMany(first.desk.store, 3)
  await first.desk.seal()
  const before = readFileSync(headFile, 'utf8')
  const cut: Store = {
    ...store,
    auditLinks: async (tenant, after, limit) =>
      (await store.auditLinks(tenant, after, limit)).filter(({ seq }) => seq < 3),
  }
  const { desk, watched, lines } = open(cut)
  await desk.seal()
  expect(readFileSync(headFile, 'utf8')).toBe(before)
  expect(watched).toMatchObject({ sealFailed: 1, broken: 1 })
  expect(lines.find(({ level }) => level === 50)).toMatchObject({ tenants: [T] })
})

test.each([
  ['taken away', (file: string) => rmSync(file)],
  ['edited', (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace('"seq":3', '"seq":2'))],
  ['emptied', (file: string) => writeFileSync(file, '')],
  [
    'made unreadable',
    (file: string) => {
      rmSync(file)
      mkdirSync(file)
    },
  ],
])('a file with the signed heads that was %s is a break', async (_, meddle) => {
  const { headFile, open } = await subject()
  const { desk } = open()
  await noteMany(desk.store, 3)
  await desk.seal()
  expect(await desk.verify(T)).toMatchObject({ ok: true, entries: 3 })
  meddle(headFile)
  expect(await desk.verify(T)).toMatchObject({ ok: false, entries: 3, breaks: [{ seq: 0, kind: 'head_file' }] })
})

test('a first file beside chains that are there already is recorded: somebody may have taken the old one away', async () => {
  const { headFile, open } = await subject()
  const first = open()
  await first.desk.start()
  await noteMany(first.desk.store, 1)
  await first.desk.stop()
  expect(await first.desk.store.auditLinks('~service', 0, 10)).toEqual([])
  rmSync(headFile)
  const again = open()
  await again.desk.start()
  expect(existsSync(headFile)).toBe(true)
  const [link] = await again.desk.store.auditLinks('~service', 0, 10)
  expect(link).toMatchObject({ action: 'audit.seal', outcome: 'begun anew', details: '{"chains":1}' })
})

test('so it is when the service ends before it has begun: its last sealing hides nothing', async () => {
  const { headFile, open } = await subject()
  const first = open()
  await first.desk.start()
  await noteMany(first.desk.store, 1)
  await first.desk.stop()
  rmSync(headFile)
  const again = open()
  await again.desk.stop()
  expect(await again.desk.store.auditLinks('~service', 0, 10)).toMatchObject([
    { action: 'audit.seal', outcome: 'begun anew', details: '{"chains":1}' },
  ])
  expect(existsSync(headFile)).toBe(true)
})

test('so it is when the file is taken away while the service goes on', async () => {
  const { headFile, open } = await subject()
  const { desk } = open()
  await desk.start()
  await noteMany(desk.store, 1)
  await desk.seal()
  rmSync(headFile)
  await desk.seal()
  await desk.seal()
  expect(await desk.store.auditLinks('~service', 0, 10)).toMatchObject([
    { action: 'audit.seal', outcome: 'begun anew', details: '{"chains":1}' },
  ])
})

test('a file that cannot be made is missed once, not at every sealing', async () => {
  const { headFile, open } = await subject()
  mkdirSync(`${headFile}.next`)
  const { desk } = open()
  await noteMany(desk.store, 1)
  await desk.seal()
  await desk.seal()
  expect(await desk.store.auditLinks('~service', 0, 10)).toHaveLength(1)
})

test('without a file nothing is sealed and nothing fails', async () => {
  const { headFile, open } = await subject({ headFile: null, headKey: null })
  const { desk, watched } = open()
  await desk.start()
  await noteMany(desk.store, 3)
  await desk.stop()
  expect(existsSync(headFile)).toBe(false)
  expect(watched.sealFailed).toBe(0)
  expect(() => openDesk(desk.store, { headFile, headKey: null })).toThrow('need a key')
})

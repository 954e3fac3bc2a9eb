import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { AuditBundle } from '../../../src/contract/audit-event.ts'
import type { Store } from '../../../src/store/port.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { finished } from '../../contracts/store-samples.ts'
import { asCaller, buildAuditGate, openDesk } from '../../helpers/audit-gate.ts'
import { run } from '../cli/command.ts'

const KEY = 'a key of the audit heads, 32 bytes or more'

/** A data folder, and its head file elsewhere, as it should be. */
function folders() {
  const root = mkdtempSync(join(tmpdir(), 'consilium-audit-cli-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const folder = join(root, 'data')
  const headFile = join(root, 'heads.json')
  const env = { DATA_DIR: folder, AUDIT_HEAD_FILE: headFile, AUDIT_HEAD_KEY: KEY, DATABASE_URL: '' }
  const working = async (work: (store: Store) => Promise<unknown>) => {
    const store = openSqliteStore({ folder, keys: null })
    await store.migrate()
    const { desk } = openDesk(store, { headFile, headKey: KEY })
    await desk.start()
    await desk.noteConfiguration({ port: 8000 }, '1.2.3')
    await work(desk.store)
    await desk.stop()
    await store.close()
  }
  return { folder, file: join(folder, 'consilium.db'), env, working }
}

test('a stopped service is verified from its data folder, all chains of it', async () => {
  const { env, working } = folders()
  await working((store) => finished(store, 'ward-7'))
  const { code, out, err } = await run(['audit', 'verify', '--offline'], env)
  expect(err).toBe('')
  expect(out).toMatch(
    /^whole {3}ward-7: 2 entries checked, head 2 [\da-f]{64}\nwhole {3}~service: 1 entry checked, head 1 [\da-f]{64}\n$/,
  )
  expect(code).toBe(0)
  const one = await run(['audit', 'verify', '--offline', '--tenant', 'ward-7', '--json'], env)
  expect(JSON.parse(one.out)).toMatchObject({ 'ward-7': { ok: true, entries: 2 } })
})

test('an old backup in place of the database is found', async () => {
  const { file, env, working } = folders()
  await working((store) => finished(store, 'ward-7'))
  copyFileSync(file, `${file}.backup`)
  await working((store) => finished(store, 'ward-7'))
  copyFileSync(`${file}.backup`, file)
  const { code, out } = await run(['audit', 'verify', '--offline'], env)
  expect(out).toContain('BROKEN  ward-7: 2 entries checked, 1 break\n  entry 2  truncated: ')
  expect(code).toBe(1)
  const unsigned = await run(['audit', 'verify', '--offline'], { ...env, AUDIT_HEAD_FILE: '', AUDIT_HEAD_KEY: '' })
  expect(unsigned).toMatchObject({ code: 0, err: expect.stringContaining('AUDIT_HEAD_FILE is not set') })
})

test('a running service keeps its folder, and is asked over HTTP instead', async () => {
  const { env, working } = folders()
  await working(async (store) => {
    await finished(store, 'ward-7')
    const taken = await run(['audit', 'verify', '--offline'], env)
    expect(taken).toMatchObject({ code: 2, out: '' })
    const gate = await buildAuditGate(openDesk(store))
    const url = await gate.app.listen({ host: '127.0.0.1', port: 0 })
    const remote = { CONSILIUM_URL: url, CONSILIUM_TOKEN: asCaller().authorization.slice('Bearer '.length) }
    const { code, out } = await run(['audit', 'verify'], remote)
    expect(out).toMatch(/^whole {3}the audit of this tenant: 2 entries checked/)
    expect(code).toBe(0)
    const exported = await run(['audit', 'export'], remote)
    expect(exported).toMatchObject({ code: 0, err: '3 entries\n' })
    const { entry } = AuditBundle.extend({ link: AuditBundle.shape.link.optional() }).parse(JSON.parse(exported.out))
    expect(entry.map(({ resource }) => resource.subtype[0]?.code)).toEqual(['run.create', 'run.finish', 'audit.verify'])
  })
})

test('the export of a stopped service is noted in the chain that it shows', async () => {
  const { env, working } = folders()
  await working((store) => finished(store, 'ward-7'))
  const { code, out } = await run(['audit', 'export', '--offline', '--tenant', '~service'], env)
  expect(JSON.parse(out).entry.map((one: { resource: { outcomeDesc: string } }) => one.resource)).toMatchObject([
    { subtype: [{ code: 'configuration.load' }], agent: [{ who: { identifier: { value: 'service' } } }] },
    { subtype: [{ code: 'audit.export' }], source: { site: '~service' } },
  ])
  expect(code).toBe(0)
})

test.each([
  ['a folder without a database', ['verify', '--offline'], { DATA_DIR: '/nowhere/at/all' }, 'holds no database'],
  ['a tenant of a service', ['verify', '--tenant', 'a'], {}, '--tenant needs --offline'],
  ['a URL and no service', ['export', '--offline', '--url', 'http://127.0.0.1:1'], {}, '--offline asks no service'],
])('%s is a mistake that is named', async (_, args, env, message) => {
  const { code, err } = await run(['audit', ...args], { DATABASE_URL: '', ...env })
  expect(err).toContain(message)
  expect(code).toBe(2)
})

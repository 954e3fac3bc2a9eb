import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openPostgresStore } from '../../../src/store/postgres/open.ts'
import { newRun, note } from '../../contracts/store-samples.ts'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { ROOT } from '../../unit/deploy/project.ts'
import { newFolder } from './folder.ts'

const major = (tool: string) =>
  Number(/(\d+)/.exec(spawnSync(tool, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1])
const isThere = Number.isFinite(major('pg_dump')) && Number.isFinite(major('pg_restore'))
if (postgresIsWanted && !isThere)
  console.info('skipped: no pg_dump and pg_restore, the backup of PostgreSQL is not checked')

/** The commands of docs/operations.md, as they stand there. */
const section = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')
  .split(/^## /m)
  .find((text) => text.startsWith('Backup and restore'))
const commands = (section ?? '').split('\n').filter((line) => /\bpg_(dump|restore) /.test(line) && /--/.test(line))

async function asAdmin(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

/** An empty database that belongs to `owner`, and its URL as that user. */
async function ownedBy(owner: string): Promise<{ url: string; admin: string }> {
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  const url = new URL(database.url)
  await asAdmin(database.url, `alter database ${url.pathname.slice(1)} owner to ${owner}`)
  return { admin: database.url, url: Object.assign(new URL(database.url), { username: owner, password: '' }).href }
}

describe.runIf(postgresIsWanted && isThere)(
  'backup and restore of PostgreSQL, with the commands of the documentation',
  () => {
    test('there are two', () => {
      expect(commands.map((line) => /pg_\w+/.exec(line)?.[0])).toEqual(['pg_dump', 'pg_restore'])
    })

    test.each(['its owner', 'a superuser'])('by %s: every run of every tenant and the audit come back', async (who) => {
      const owner = who === 'a superuser' ? 'postgres' : `consilium_owner_${randomUUID().replaceAll('-', '')}`
      if (owner !== 'postgres') {
        const place = await createDatabase()
        await asAdmin(place.url, `create role ${owner} login`)
        // Registered first, so that it runs last: a role with databases cannot go.
        onTestFinished(async () => {
          await asAdmin(place.url, `drop role ${owner}`)
          await place.drop()
        })
      }
      const options = (url: string) => ({
        url,
        connections: 2,
        waiting: 10,
        statementTimeoutMs: 10_000,
        connectTimeoutMs: 5000,
        onError: () => undefined,
        keys: null,
      })
      const source = await ownedBy(owner)
      const store = openPostgresStore(options(source.url))
      onTestFinished(() => store.close())
      await store.migrate()
      const sent = newRun('a')
      await store.accept(sent, note('run.create'))
      await store.accept(newRun('b'), note('run.create'))

      const target = await ownedBy(owner)
      const file = join(newFolder(), 'consilium.dump')
      const inShell = (command: string, url: string) =>
        spawnSync('sh', ['-c', command.replaceAll('consilium.dump', file)], {
          env: { PATH: process.env.PATH, DATABASE_URL: url },
          encoding: 'utf8',
        })
      const [dump = '', restore = ''] = commands
      expect(inShell(dump, source.url)).toMatchObject({ status: 0, stderr: '' })
      expect(inShell(restore, target.url)).toMatchObject({ status: 0, stderr: '' })

      const restored = openPostgresStore(options(target.url))
      onTestFinished(() => restored.close())
      expect(await restored.migrate()).toEqual([])
      expect((await restored.run('a', sent.run_id))?.request).toEqual(sent.request)
      for (const tenant of ['a', 'b']) {
        expect((await restored.runs(tenant, { limit: 10 })).runs).toHaveLength(1)
        expect(await restored.auditHead(tenant)).toEqual(await store.auditHead(tenant))
      }
      await restored.accept(newRun('a'), note('run.create'))
    })
  },
)

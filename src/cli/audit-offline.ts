import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { auditBundle } from '../archive/audit-fhir.ts'
import { inspectAll, inspectChain } from '../archive/audit-inspection.ts'
import { readPage } from '../archive/audit-page.ts'
import { MEMORY, readyStore } from '../archive/open.ts'
import { parseConfig } from '../config.ts'
import type { AuditVerdictView } from '../contract/audit.ts'
import type { Seal } from '../store/audit/seal.ts'
import { StoreError } from '../store/errors.ts'
import type { Store } from '../store/port.ts'
import { DATABASE_FILE } from '../store/sqlite/file.ts'
import { actor } from './actor.ts'
import { verdictLines, writeBundle } from './audit-view.ts'
import { ServiceError, UsageError } from './errors.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

type Env = Readonly<Record<string, string | undefined>>

const PAGE = 1000

/** Of the environment only what the audit needs: whoever checks it need not hold the keys of tokens. */
const NAMES = ['DATA_DIR', 'DATABASE_URL', 'STORE_KEY', 'STORE_OLD_KEYS', 'AUDIT_HEAD_FILE', 'AUDIT_HEAD_KEY']

const QUIET = { info: () => undefined, warn: () => undefined }

function configOf(env: Env) {
  const { store } = parseConfig(Object.fromEntries(NAMES.map((name) => [name, env[name]])))
  if (store.databaseUrl !== null) return store
  if (store.dataDir === MEMORY) throw new UsageError('DATA_DIR is :memory:, which no other process can see')
  // Opening would make an empty one, and an empty audit is whole.
  if (!existsSync(join(store.dataDir, DATABASE_FILE)))
    throw new UsageError(`DATA_DIR ${store.dataDir} holds no database. Set DATA_DIR or DATABASE_URL.`)
  return store
}

/** Opens the store for one piece of work, and closes it. Throws a UsageError where there is none. */
export async function withAudit<T>(env: Env, work: (store: Store, seal: Seal | null) => Promise<T>): Promise<T> {
  const config = configOf(env)
  const { auditHeadFile: path, auditHeadKey: key } = config
  try {
    const { store } = await readyStore(config, QUIET)
    try {
      return await work(store, path === null || key === null ? null : { path, key })
    } finally {
      await store.close()
    }
  } catch (error) {
    if (error instanceof StoreError) throw new ServiceError(`The store failed (${error.fault}): ${error.message}`)
    throw error
  }
}

/** `audit verify --offline`: all chains of a store, or one. Without AUDIT_HEAD_FILE a cut tail may not show. */
export const verifyOffline = (tenant: string | null, json: boolean, env: Env, terminal: Terminal): Promise<ExitCode> =>
  withAudit(env, async (store, seal) => {
    const verdicts: Record<string, AuditVerdictView> = {}
    if (tenant !== null) verdicts[tenant] = await inspectChain({ store, seal }, tenant)
    else for await (const one of inspectAll({ store, seal })) verdicts[one.tenant] = one.verdict
    const all = Object.entries(verdicts)
    if (json) terminal.out(`${JSON.stringify(verdicts, null, 2)}\n`)
    else
      for (const [whose, verdict] of all) terminal.out(`${verdictLines(whose, verdict, terminal.paint).join('\n')}\n`)
    if (all.length === 0) terminal.err('The audit has no entries.\n')
    if (seal === null) terminal.err('AUDIT_HEAD_FILE is not set: a tail that was cut with care would not show.\n')
    return all.every(([, { ok }]) => ok) ? EXIT.ok : EXIT.failed
  })

async function* pagesOf(store: Store, tenant: string) {
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof readPage>> = await readPage(store, tenant, { cursor, limit: PAGE })
    yield auditBundle(page.links, [], Date.now()).entry
    if (page.cursor === null) return
    cursor = page.cursor
  }
}

/** `audit export --offline`: one chain of a store as a Bundle on standard output. The export is noted in it. */
export const exportOffline = (tenant: string, env: Env, terminal: Terminal): Promise<ExitCode> =>
  withAudit(env, async (store) => {
    const act = { actor: actor(), action: 'audit.export', object: 'store', outcome: 'ok' }
    await store.note(tenant, [{ ...act, at: Date.now() }])
    await writeBundle(pagesOf(store, tenant), terminal)
    return EXIT.ok
  })

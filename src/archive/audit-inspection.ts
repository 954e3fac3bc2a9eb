import { setImmediate as turn } from 'node:timers/promises'
import type { AuditBreakView, AuditVerdictView } from '../contract/audit.ts'
import { readHeadFile } from '../store/audit/head-file.ts'
import type { Seal } from '../store/audit/seal.ts'
import type { Heads } from '../store/audit/signed-heads.ts'
import type { AuditVerdict } from '../store/audit/verify.ts'
import { verifyTenant } from '../store/audit/verify-store.ts'
import { StoreError } from '../store/errors.ts'
import type { Store } from '../store/port.ts'
import { seqOf } from './audit-page.ts'

export interface Inspection {
  store: Store
  /** Null: heads are signed nowhere, so a cut tail can show only where the head in the database was forgotten. */
  seal: Seal | null
  /** Between two pages: lets others have their turn. May throw to give up. @default one turn of the event loop */
  rest?: () => Promise<unknown>
}

const UNREAD: AuditVerdict = { ok: false, entries: 0, head: { seq: 0, hash: '' }, breaks: [] }

const STRANGE: AuditVerdictView = {
  ...UNREAD,
  breaks: [{ seq: 0, kind: 'foreign', detail: 'the entries bear a name that no tenant can have' }],
}

const ofFile = (detail: string): AuditBreakView => ({ seq: 0, kind: 'head_file', detail })

/** What is signed outside of the database. A file that is not there or not ours is a break: somebody took it away. */
async function readSigned(seal: Seal | null): Promise<{ heads: Heads; breaks: AuditBreakView[] }> {
  if (seal === null) return { heads: {}, breaks: [] }
  try {
    const signed = await readHeadFile(seal.path, seal.key)
    if (signed !== null) return { heads: signed.heads, breaks: [] }
    return { heads: {}, breaks: [ofFile('the file with the signed heads is missing')] }
  } catch (error) {
    if (error instanceof StoreError) return { heads: {}, breaks: [ofFile(error.message)] }
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    return { heads: {}, breaks: [ofFile(`the file with the signed heads cannot be read (${code})`)] }
  }
}

/** Rows that the database itself cannot read have been changed behind it, like any others. */
async function walk({ store, rest = turn }: Inspection, tenant: string, heads: Heads): Promise<AuditVerdictView> {
  try {
    return await verifyTenant(store, tenant, Object.hasOwn(heads, tenant) ? (heads[tenant] ?? null) : null, rest)
  } catch (error) {
    if (!(error instanceof StoreError) || error.fault !== 'corrupt') throw error
    return { ...UNREAD, breaks: [{ seq: 0, kind: 'unreadable', detail: 'the database cannot read the chain' }] }
  }
}

async function judge(inspection: Inspection, tenant: string, signed: Awaited<ReturnType<typeof readSigned>>) {
  const { entries, head, breaks } = await walk(inspection, tenant, signed.heads)
  const found = [...signed.breaks, ...breaks].map((one) => ({ ...one, seq: seqOf(one.seq) }))
  return {
    ok: found.length === 0,
    entries,
    head: { seq: seqOf(head.seq), hash: String(head.hash) },
    breaks: found,
  } satisfies AuditVerdictView
}

/** The verdict on one chain, also against the signed heads. Throws StoreError when the store cannot answer. */
export async function inspectChain(inspection: Inspection, tenant: string): Promise<AuditVerdictView> {
  // The file first: what is appended meanwhile only continues what was signed.
  return judge(inspection, tenant, await readSigned(inspection.seal))
}

/**
 * The verdicts on all chains, one after the other: those that have entries or a head in the database, and those that were
 * signed and are gone. Entries under a name that no tenant can have count as a broken chain.
 */
export async function* inspectAll(
  inspection: Inspection,
): AsyncGenerator<{ tenant: string; verdict: AuditVerdictView }> {
  const { store, seal } = inspection
  const signed = await readSigned(seal)
  const { tenants: found, strange } = await store.auditTenants()
  const tenants = new Set([...found, ...Object.keys(await store.auditHeads()), ...Object.keys(signed.heads)])
  for (const name of strange) yield { tenant: name, verdict: STRANGE }
  for (const tenant of [...tenants].sort()) yield { tenant, verdict: await judge(inspection, tenant, signed) }
}

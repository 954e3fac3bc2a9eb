import { sql } from 'kysely'
import { type AuditEntry, type AuditHead, type AuditLink, chain, NO_HEAD } from '../audit/entry.ts'
import type { Heads } from '../audit/signed-heads.ts'
import type { Db } from '../backend.ts'
import { type Given, statement } from '../statement.ts'
import { insertion } from './insertion.ts'

const MOST_REMEMBERED = 10_000

/** A number beyond it stands there only when somebody has put it there. */
const LAST_SEQ = Number.MAX_SAFE_INTEGER - 1_000_000

interface Move {
  tenant: string
  seen: AuditHead
  next: AuditHead
}

/**
 * Moves the head on if it is still where it was seen and nothing stands behind it: one statement instead of two. It
 * changes nothing when it is elsewhere: another process wrote, or the transaction in which we saw it was undone.
 */
const advance = statement((db, given: Given<Move>) =>
  db
    .updateTable('audit_heads')
    .set({ seq: given(({ next }) => next.seq), hash: given(({ next }) => next.hash) })
    .where(
      'tenant',
      '=',
      given(({ tenant }) => tenant),
    )
    .where(
      'seq',
      '=',
      given(({ seen }) => seen.seq),
    )
    .where(
      'hash',
      '=',
      given(({ seen }) => seen.hash),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('audit')
            .select('audit.seq')
            .where(
              'audit.tenant',
              '=',
              given(({ tenant }) => tenant),
            )
            .where(
              'audit.seq',
              '>',
              given(({ seen }) => seen.seq),
            )
            .where('audit.seq', '<=', LAST_SEQ),
        ),
      ),
    ),
)

/**
 * Where the chain goes on: at its head, or behind entries that stand after it. There are such only when somebody has
 * meddled; the service goes on all the same, and the verification shows it.
 */
async function endOf(trx: Db, tenant: string, head: AuditHead): Promise<AuditHead> {
  const last = await trx
    .selectFrom('audit')
    .select(['seq', 'hash'])
    .where('tenant', '=', tenant)
    .where('seq', '>', head.seq)
    .where('seq', '<=', LAST_SEQ)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return last ?? head
}

const moveHead = (trx: Db, tenant: string, next: AuditHead) =>
  trx
    .updateTable('audit_heads')
    .set({ ...next })
    .where('tenant', '=', tenant)
    .execute()

/** Locks the head and returns it. */
async function lockHead(trx: Db, tenant: string): Promise<AuditHead> {
  return trx
    .insertInto('audit_heads')
    .values({ tenant, ...NO_HEAD })
    .onConflict((oc) => oc.column('tenant').doUpdateSet({ seq: sql`audit_heads.seq` }))
    .returning(['seq', 'hash'])
    .executeTakeFirstOrThrow()
}

const insertLinks = insertion(
  'audit',
  ['tenant', 'seq', 'at', 'actor', 'action', 'object', 'outcome', 'details', 'prev_hash', 'hash'],
  (insert) => insert,
)

/**
 * Appends to tenants' chains. A chain's head row is its lock: two transactions never chain from the same entry. One for
 * each database: it remembers where the heads were.
 */
export class AuditAppender {
  readonly #seen = new Map<string, AuditHead>()

  async append(trx: Db, tenant: string, entries: readonly AuditEntry[]): Promise<void> {
    if (entries.length === 0) return
    const links = await this.#link(trx, tenant, entries)
    await insertLinks(trx, links)
  }

  async #link(trx: Db, tenant: string, entries: readonly AuditEntry[]): Promise<AuditLink[]> {
    const seen = this.#seen.get(tenant)
    const guessed = seen && chain(tenant, seen, entries)
    if (guessed) {
      const { numAffectedRows } = await advance(trx, { tenant, seen, next: this.#remember(tenant, guessed) })
      if (numAffectedRows === 1n) return guessed
    }
    const links = chain(tenant, await endOf(trx, tenant, await lockHead(trx, tenant)), entries)
    await moveHead(trx, tenant, this.#remember(tenant, links))
    return links
  }

  #remember(tenant: string, links: readonly AuditLink[]): AuditHead {
    const { seq, hash } = links.at(-1) as AuditLink
    const head = { seq, hash }
    if (this.#seen.size >= MOST_REMEMBERED) this.#seen.clear()
    this.#seen.set(tenant, head)
    return head
  }
}

/** After -Infinity: all, also what somebody has put before the first. */
export function auditLinks(db: Db, tenant: string, afterSeq: number, limit: number): Promise<AuditLink[]> {
  const ofTenant = db.selectFrom('audit').selectAll().where('tenant', '=', tenant)
  const after = afterSeq === Number.NEGATIVE_INFINITY ? ofTenant : ofTenant.where('seq', '>', afterSeq)
  return after.orderBy('seq').limit(limit).execute()
}

export async function auditHead(db: Db, tenant: string): Promise<AuditHead> {
  const head = await db
    .selectFrom('audit_heads')
    .select(['seq', 'hash'])
    .where('tenant', '=', tenant)
    .executeTakeFirst()
  return head ?? NO_HEAD
}

export async function auditHeads(db: Db): Promise<Heads> {
  const rows = await db.selectFrom('audit_heads').selectAll().execute()
  // SQLite takes bytes where a text is declared. No entry of ours has such a head.
  const ours = rows.filter(({ tenant }) => typeof tenant === 'string')
  return Object.fromEntries(ours.map(({ tenant, seq, hash }) => [tenant, { seq, hash }]))
}

import type { AuditEntryView, AuditPlace } from '../contract/audit.ts'
import type { AuditLink } from '../store/audit/entry.ts'
import type { Store } from '../store/port.ts'

/** Links after one entry, up to the chain's end as it was when the first page was asked for. */
interface Span {
  after: number
  until: number
}

/**
 * Reads one page. Each reading is an entry itself, so without a fixed end a reader of small pages would never reach it.
 * `cursor` is null on the last page.
 */
export async function readPage(
  store: Store,
  tenant: string,
  { cursor, limit }: AuditPlace,
): Promise<{ links: AuditLink[]; cursor: string | null }> {
  const { after, until } = cursor === null ? { after: 0, until: (await store.auditHead(tenant)).seq } : spanOf(cursor)
  const links = (await store.auditLinks(tenant, after, limit)).filter(({ seq }) => !(seq > until))
  const last = links.at(-1)
  const isLast = last === undefined || links.length < limit || last.seq >= until
  return { links, cursor: isLast ? null : `${last.seq}-${until}` }
}

function spanOf(cursor: string): Span {
  const [after = 0, until = 0] = cursor.split('-').map(Number)
  return { after, until }
}

/** What somebody has put into the database may be no time: it shall still be listed. */
export function timeOf(at: unknown): string {
  const date = new Date(typeof at === 'number' ? at : Number.NaN)
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString()
}

/** -1 for what is no number of an entry: only somebody else can have written it. */
export const seqOf = (seq: unknown): number => (Number.isSafeInteger(seq) ? (seq as number) : -1)

export const viewEntry = (link: AuditLink): AuditEntryView => ({
  seq: seqOf(link.seq),
  at: timeOf(link.at),
  actor: String(link.actor),
  action: String(link.action),
  object: String(link.object),
  outcome: String(link.outcome),
  details: String(link.details),
  prev_hash: String(link.prev_hash),
  hash: String(link.hash),
})

import { hash } from 'node:crypto'
import { written } from '../text.ts'

/** Ids, hashes, counts and names of ours. Never clinical text. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | null>>

/** What an action leaves behind: who, what, when and on what. The store adds how it ended. */
export interface AuditNote {
  /** Epoch ms. */
  at: number
  actor: string
  action: string
  object: string
  details?: AuditDetails
}

export interface AuditEntry extends AuditNote {
  outcome: string
}

/** One link of a tenant's chain, as the database keeps it. `details` is canonical JSON. */
export interface AuditLink {
  tenant: string
  /** From 1, without a gap. */
  seq: number
  at: number
  actor: string
  action: string
  object: string
  outcome: string
  details: string
  prev_hash: string
  hash: string
}

export interface AuditHead {
  seq: number
  hash: string
}

/** Of a chain that has no entries yet. */
export const NO_HEAD: AuditHead = Object.freeze({ seq: 0, hash: '' })

/** JSON with sorted keys: the same details give the same text on every machine. */
const canonical = (details: AuditDetails): string =>
  JSON.stringify(Object.fromEntries(Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1))))

/** SHA-256 in hex over a JSON array: a field's end cannot be moved into the next one. */
export const hashOf = (link: Omit<AuditLink, 'hash'>): string =>
  hash(
    'sha256',
    JSON.stringify([
      link.prev_hash,
      link.tenant,
      link.seq,
      link.at,
      link.actor,
      link.action,
      link.object,
      link.outcome,
      link.details,
    ]),
  )

/** The links that follow `head`, one per entry. */
export function chain(tenant: string, head: AuditHead, entries: readonly AuditEntry[]): AuditLink[] {
  let { seq, hash: prev_hash } = head
  return entries.map((entry) => {
    const link = {
      tenant,
      seq: ++seq,
      at: entry.at,
      actor: written(entry.actor),
      action: written(entry.action),
      object: written(entry.object),
      outcome: written(entry.outcome),
      details: canonical(entry.details ?? {}),
      prev_hash,
    }
    prev_hash = hashOf(link)
    return { ...link, hash: prev_hash }
  })
}

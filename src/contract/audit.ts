import { z } from 'zod'
import type { AuditBundle } from './audit-event.ts'

/** The chain of the service itself: its configuration, and whoever came without a valid token. No token may name it. */
export const SERVICE_CHAIN = '~service'

/** What a route that only reads may be noted as. What changes something is noted by the store, with the change. */
export type AuditedRead =
  | 'run.list'
  | 'run.read'
  | 'run.events'
  | 'approval.read'
  | 'audit.list'
  | 'audit.verify'
  | 'audit.export'
  | 'embeddings.create'
  | 'evidence.list'
  | 'evidence.read'
  | 'memory.list'
  | 'memory.read'

/** Ids, hashes, counts and names of ours. Never clinical text. */
export type AuditFacts = Readonly<Record<string, string | number | boolean | null>>

/** Who did what to what, and how it ended. The desk adds when. */
export interface AuditAct {
  actor: string
  action: string
  object: string
  outcome: string
  details?: AuditFacts
}

export const AuditEntryView = z.object({
  seq: z.int().describe('From 1, without a gap'),
  at: z.string().describe('ISO 8601'),
  actor: z.string(),
  action: z.string(),
  object: z.string(),
  outcome: z.string().describe('ok, or why not'),
  details: z.string().describe('Ids, hashes and counts as JSON with sorted keys, just as it was hashed'),
  prev_hash: z.string().describe('Of the entry before; empty for the first'),
  hash: z.string().describe('SHA-256 over all that stands before it here, and the tenant'),
})

export const AuditPage = z.object({
  entries: z.array(AuditEntryView).describe('The oldest first'),
  next_cursor: z
    .string()
    .nullable()
    .describe('For the next page; null on the last. Pages end where the chain ended when the first was asked for'),
})

export const AuditBreakView = z.object({
  seq: z.int().describe('The entry at which it shows; 0: of the whole chain'),
  kind: z.enum([
    'edited',
    'gap',
    'order',
    'unlinked',
    'foreign',
    'truncated',
    'replaced',
    'head',
    'head_file',
    'unreadable',
  ]),
  detail: z.string(),
})

export const AuditVerdictView = z.object({
  ok: z.boolean(),
  entries: z.int().describe('How many were checked'),
  head: z.object({ seq: z.int(), hash: z.string() }).describe('Where the chain ends'),
  breaks: z.array(AuditBreakView).describe('The first hundred; empty when nothing was tampered with'),
})

export const AuditQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Entries per page, 1 to 1000'),
  cursor: z
    .string()
    .regex(/^\d{1,15}-\d{1,15}$/, 'must be the next_cursor of the page before')
    .optional()
    .describe('`next_cursor` of the page before'),
})

export type AuditEntryView = z.output<typeof AuditEntryView>
export type AuditPage = z.output<typeof AuditPage>
export type AuditBreakView = z.output<typeof AuditBreakView>
export type AuditVerdictView = z.output<typeof AuditVerdictView>
export type AuditQuery = z.output<typeof AuditQuery>

/** One page: at most `limit` entries, from where the cursor of the page before points. */
export interface AuditPlace {
  cursor: string | null
  limit: number
}

/** All that routes and plugins know of the audit. Everything throws StoreError when the store cannot answer. */
export interface AuditDesk {
  /** Resolves once the entry is committed. When it throws, what was to be noted must not happen. */
  note(tenant: string, act: AuditAct): Promise<void>
  /** The same for somebody whom no token names: in the service's own chain, by a keyed hash of the address. */
  noteStranger(address: string, act: Omit<AuditAct, 'actor'>): Promise<void>
  page(tenant: string, place: AuditPlace): Promise<AuditPage>
  /** Walks the whole chain. Takes seconds for millions of entries, without holding others up. */
  verify(tenant: string): Promise<AuditVerdictView>
  /** One page as FHIR R4. */
  export(tenant: string, place: AuditPlace): Promise<AuditBundle>
}

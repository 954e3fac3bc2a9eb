import { z } from 'zod'
import { OWN_ID } from './own-id.ts'

/** Body of POST /v1/evidence: a document that answers may rest on. */
export const EvidenceInput = z.strictObject({
  title: z.string().regex(/\S/, 'must hold text').max(512),
  source: z
    .string()
    .regex(/\S/, 'must hold text')
    .max(2048)
    .describe('Where it comes from: a file, a URL, a guideline'),
  text: z.string().regex(/\S/, 'must hold text'),
})

/** Answer of POST /v1/evidence. */
export const EvidenceKept = z.object({ id: z.string(), passages: z.int() })

/** A document or a memory as lists show it: all but what it says. */
export const DocumentSummary = z.object({
  id: z.string(),
  title: z.string(),
  source: z.string(),
  passages: z.int(),
  added_at: z.iso.datetime(),
  added_by: z.string().nullable().describe('`sub` of the token that added it; null: nobody knows'),
})

/** Answer of GET /v1/evidence and /v1/memories. */
export const DocumentList = z.object({
  documents: z.array(DocumentSummary).describe('In the order in which they were added'),
  next_cursor: z.string().nullable().describe('For the next page; null on the last'),
})

/** Answer of GET /v1/evidence/{id} and /v1/memories/{id}. */
export const DocumentText = DocumentSummary.extend({
  texts: z.array(z.string()).describe('Its passages; each begins with the last sentence of the one before'),
})

export const DocumentsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(50).describe('Documents per page, 1 to 1000'),
  cursor: z
    .string()
    .regex(OWN_ID, 'must be the next_cursor of the page before')
    .optional()
    .describe('`next_cursor` of the page before'),
})

/** Whose memories: of the caller alone, or of everybody in the tenant. */
export const MemoriesOf = z.enum(['caller', 'tenant'])

/** Answer of DELETE /v1/memories. */
export const DocumentsRemoved = z.object({ documents: z.int(), passages: z.int() })

export type DocumentSummary = z.output<typeof DocumentSummary>
export type DocumentList = z.output<typeof DocumentList>
export type DocumentText = z.output<typeof DocumentText>
export type DocumentsQuery = z.output<typeof DocumentsQuery>
export type MemoriesOf = z.output<typeof MemoriesOf>
export type DocumentsRemoved = z.output<typeof DocumentsRemoved>
export type EvidenceInput = z.output<typeof EvidenceInput>
export type EvidenceKept = z.output<typeof EvidenceKept>

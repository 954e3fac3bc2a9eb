import type { Collection, Hit, Which } from './port.ts'

/** What a point carries. */
export interface Payload {
  tenant: string
  collection: string
  document_id: string
  position: number
  /** Of the document, as are the next two. */
  passages: number
  created_at: number
  added_by: string | null
  /** Source, title, metadata and text, sealed, as base64. */
  body: string
}

export type Body = Pick<Hit, 'source' | 'title' | 'metadata' | 'text'>
type Condition = { key: string; match: { value: string | number } } | { key: string; range: { lt: number } }
type Further = Partial<Pick<Payload, 'collection' | 'document_id' | 'position'> & { added_by: string }>

export const equal = (wanted: Record<string, string | number>): Condition[] =>
  Object.entries(wanted).map(([key, value]) => ({ key, match: { value } }))

export const olderThan = (before: number): Condition => ({ key: 'created_at', range: { lt: before } })

/** What must hold of points. No question, count or removal is without a tenant. */
export const only = (tenant: string, further: Further) => ({ must: equal({ tenant, ...further }) })

/** The points of the documents that are meant, also those that a failure has left over. */
export function chosen(tenant: string, collection: Collection, which: Which): ReturnType<typeof only> {
  if (which === 'all') return only(tenant, { collection })
  if ('id' in which) return only(tenant, { collection, document_id: which.id })
  if ('added_by' in which) return only(tenant, { collection, added_by: which.added_by })
  return { must: [...only(tenant, { collection }).must, olderThan(which.before)] }
}

/** Where a payload stands, for what seals it. */
export const placeOf = ({ tenant, document_id, position }: Payload): string[] => [
  'qdrant.payload',
  tenant,
  document_id,
  `${position}`,
]

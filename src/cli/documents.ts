import { DocumentList, DocumentsRemoved, type MemoriesOf } from '../contract/evidence.ts'
import type { Client } from './client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { printableAll } from './printable.ts'
import { readAs } from './read-as.ts'
import { columned } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface DocumentsParts {
  client: Client
  terminal: Terminal
  /** Print what the service answers, as JSON. */
  json: boolean
}

/** Where the service has them. */
export type Shelf = '/v1/evidence' | '/v1/memories'

const HEAD = ['ADDED (UTC)', 'ID', 'PASSAGES', 'ADDED BY', 'SOURCE', 'TITLE']

function tableOf(sent: DocumentList): string[] {
  const { documents } = printableAll(sent)
  if (documents.length === 0) return ['Nothing is kept.']
  return columned([
    HEAD,
    ...documents.map(({ added_at, id, passages, added_by, source, title }) =>
      // On one line, whatever they hold.
      [added_at.slice(0, 19).replace('T', ' '), id, `${passages}`, added_by ?? '–', source, title].map((cell) =>
        cell.replace(/\s+/g, ' '),
      ),
    ),
  ])
}

const plural = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`

/** `evidence list` and `memories list`: a page of what the token's tenant keeps, without its text. */
export async function listDocumentsCommand(
  shelf: Shelf,
  { limit, cursor }: { limit: number; cursor: string | null },
  { client, terminal, json }: DocumentsParts,
): Promise<ExitCode> {
  const query = new URLSearchParams({ limit: `${limit}`, ...(cursor !== null && { cursor }) })
  const raw = await client.get(`${shelf}?${query}`)
  const list = readAs(DocumentList, raw, 'no list of documents')
  terminal.out(json ? `${JSON.stringify(raw, null, 2)}\n` : `${tableOf(list).join('\n')}\n`)
  if (list.next_cursor !== null && !json) terminal.err(`More: --cursor ${list.next_cursor}\n`)
  return EXIT.ok
}

/** `evidence remove` and `memories remove`: one document with all its passages. */
export async function removeDocumentCommand(
  shelf: Shelf,
  id: string,
  { client, terminal, json }: DocumentsParts,
): Promise<ExitCode> {
  await client.delete(`${shelf}/${encodeURIComponent(id)}`)
  terminal.out(json ? `${JSON.stringify({ removed: id })}\n` : `${id} is removed.\n`)
  return EXIT.ok
}

/** `memories clear`: all that the caller has left, or everybody in the tenant. */
export async function clearMemoriesCommand(
  of: MemoriesOf,
  { client, terminal, json }: DocumentsParts,
): Promise<ExitCode> {
  const raw = await client.delete(`/v1/memories?of=${of}`)
  const { documents } = readAs(DocumentsRemoved, raw, 'not how many')
  const count = plural(documents, 'memory is', 'memories are')
  terminal.out(json ? `${JSON.stringify(raw, null, 2)}\n` : `${count} removed.\n`)
  return EXIT.ok
}

import { basename, extname } from 'node:path'
import { type EvidenceInput, EvidenceKept } from '../contract/evidence.ts'
import type { Client } from './client.ts'
import { readTextFile } from './context-file.ts'
import { UsageError } from './errors.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { readAs } from './read-as.ts'
import type { Terminal } from './terminal.ts'

export interface EvidenceOptions {
  /** Null: the name of the file without its ending. */
  title: string | null
  /** Null: the name of the file. */
  source: string | null
}

export interface EvidenceParts {
  client: Client
  terminal: Terminal
  /** Print what the service answers, as JSON. */
  json: boolean
}

/** `evidence add`: hands a text file to the service, whose runs may then cite it. */
export async function addEvidenceCommand(
  file: string,
  { title, source }: EvidenceOptions,
  { client, terminal, json }: EvidenceParts,
): Promise<ExitCode> {
  const text = await readTextFile(file, 'FILE')
  if (text.trim() === '') throw new UsageError(`FILE ${file}: is empty`)
  const name = basename(file)
  const body: EvidenceInput = { title: title ?? basename(file, extname(file)), source: source ?? name, text }
  const raw = await client.post('/v1/evidence', body)
  const { id, passages } = readAs(EvidenceKept, raw, 'no evidence')
  const count = passages === 1 ? '1 passage' : `${passages} passages`
  terminal.out(json ? `${JSON.stringify(raw, null, 2)}\n` : `"${body.title}" is kept as ${id}, in ${count}.\n`)
  return EXIT.ok
}

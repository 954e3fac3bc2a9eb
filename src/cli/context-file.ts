import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { readRow } from './csv.ts'
import { UsageError } from './errors.ts'

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
}

async function readBytes(path: string, option: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new UsageError(`${option} ${path}: ${reasons[code] ?? `cannot be read (${code})`}`, { cause: error })
  }
}

function decode(bytes: Buffer, path: string, option: string): string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new UsageError(`${option} ${path}: is not UTF-8 text. Save it as UTF-8 text, JSON or CSV`, { cause: error })
  }
  if (text.includes('\0')) throw new UsageError(`${option} ${path}: is not text`)
  return text
}

/** JSON where it is JSON; a file that calls itself JSON must be. */
function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the text, which is clinical.
    if (extname(path).toLowerCase() === '.json') throw new UsageError(`--context ${path}: is not valid JSON`)
    return text
  }
}

/** The text of a file that `option` names. Throws a UsageError that names the file and never quotes it. */
export const readTextFile = async (path: string, option: string): Promise<string> =>
  decode(await readBytes(path, option), path, option)

/** What a JSON file holds that `option` names. Throws a UsageError that names the file and never quotes it. */
export async function readJsonFile(path: string, option: string): Promise<unknown> {
  const text = await readTextFile(path, option)
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`${option} ${path}: is not valid JSON`)
  }
}

/**
 * What a context file holds: any JSON, text, or row `row` (default 1) of a `.csv` as column → text. Throws a UsageError
 * that names the file and never quotes it.
 */
export async function readContextFile(path: string, row: number | null): Promise<unknown> {
  const csv = extname(path).toLowerCase() === '.csv'
  if (row !== null && !csv) throw new UsageError(`--row is for .csv files, and ${path} is none`)
  const text = await readTextFile(path, '--context')
  return csv ? readRow(text, row ?? 1) : parseJson(text, path)
}

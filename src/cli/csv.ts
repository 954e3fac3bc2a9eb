import { CsvError, parse } from 'csv-parse/sync'
import { UsageError } from './errors.ts'
import { plural } from './numbers.ts'

function uniqueColumns(header: string[]): string[] {
  const twice = header.find((name, index) => header.indexOf(name) !== index)
  // The later column would silently replace the earlier one.
  if (twice !== undefined) throw new UsageError('The CSV names a column twice; each needs a name of its own')
  return header
}

function parseRows(text: string): Record<string, string>[] {
  try {
    return parse(text, { columns: uniqueColumns, bom: true, skip_empty_lines: true })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    // The parser's own message may quote a field, which is clinical text.
    const line = typeof error.lines === 'number' ? ` near line ${error.lines}` : ''
    throw new UsageError(`The file is not a CSV with a header line (${error.code}${line})`)
  }
}

/**
 * Row `row` (the first below the header is 1) of a CSV as column → text. Quoted fields may hold commas, quotes and line
 * breaks (RFC 4180). Throws a UsageError when it is no CSV or has no such row.
 */
export function readRow(text: string, row: number): Record<string, string> {
  const rows = parseRows(text)
  const found = rows[row - 1]
  if (found === undefined) throw new UsageError(`--row ${row}: the CSV has ${plural(rows.length, 'row')}`)
  return found
}

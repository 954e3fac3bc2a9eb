import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readContextFile } from '../../../src/cli/context-file.ts'
import { UsageError } from '../../../src/cli/errors.ts'

let folder: string
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'consilium-context-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const refusal = async (path: string, row: number | null = null): Promise<string> => {
  const error = await readContextFile(path, row).then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UsageError)
  return (error as UsageError).message
}

describe('a context file', () => {
  test('that is JSON is read as JSON, whatever it is called', async () => {
    expect(await readContextFile(file('a.json', '{"patient_data": {"age": 71}}'), null)).toEqual({
      patient_data: { age: 71 },
    })
    expect(await readContextFile(file('a.txt', '[1, 2]'), null)).toEqual([1, 2])
  })

  test('that is text is read as text, without a byte order mark', async () => {
    expect(await readContextFile(file('note.txt', '\ufeffKein Fieber.\nHK 72/min'), null)).toBe(
      'Kein Fieber.\nHK 72/min',
    )
  })

  test('that calls itself JSON but is cut off is refused without quoting the patient', async () => {
    const path = file('cut.json', '{"patient_data": "Marta Exemplar')
    const message = await refusal(path)
    expect(message).toContain(path)
    expect(message).toContain('not valid JSON')
    expect(message).not.toContain('Marta')
  })

  test('that is not there, or a folder, is refused by name', async () => {
    expect(await refusal(join(folder, 'nowhere.json'))).toContain('nowhere.json: there is no such file')
    expect(await refusal(folder)).toContain('it is a folder')
  })

  test('that is not UTF-8 text is refused instead of being garbled', async () => {
    expect(await refusal(file('latin1.txt', Uint8Array.of(0x46, 0xfc, 0x72)))).toContain('not UTF-8')
    expect(await refusal(file('scan.pdf', 'a\0b'))).toContain('is not text')
  })

  test('takes --row only when it is a .csv', async () => {
    expect(await refusal(file('b.json', '{}'), 1)).toContain('--row is for .csv files')
  })
})

describe('a .csv', () => {
  const visits = 'id,note\n1,"Dyspnoea, worse\nat night; says ""no pain"""\n2,Well\n'

  test('gives the chosen row with quoted commas, quotes and line breaks', async () => {
    const path = file('visits.csv', visits)
    expect(await readContextFile(path, 1)).toEqual({ id: '1', note: 'Dyspnoea, worse\nat night; says "no pain"' })
    expect(await readContextFile(path, 2)).toEqual({ id: '2', note: 'Well' })
  })

  test('gives its first row when none is chosen', async () => {
    expect(await readContextFile(file('UPPER.CSV', visits), null)).toHaveProperty('id', '1')
  })

  test('says how many rows it has when there is no such row', async () => {
    expect(await refusal(file('visits.csv', visits), 3)).toBe('--row 3: the CSV has 2 rows')
    expect(await refusal(file('head.csv', 'id,note\n'))).toBe('--row 1: the CSV has 0 rows')
  })

  test('that is damaged is refused without quoting it', async () => {
    expect(await refusal(file('open.csv', 'id,note\n1,"Marta'))).toMatch(/CSV_QUOTE_NOT_CLOSED/)
    const message = await refusal(file('stray.csv', 'id,note\n1,Marta "M" E\n'))
    expect(message).toContain('INVALID_OPENING_QUOTE near line 2')
    expect(message).not.toContain('Marta')
    expect(await refusal(file('long.csv', 'id,note\n1,2,3\n'))).toMatch(/line 2/)
  })

  test('with two columns of one name is refused, because one of them would be lost', async () => {
    expect(await refusal(file('twice.csv', 'note,note\na,b\n'))).toContain('names a column twice')
  })
})

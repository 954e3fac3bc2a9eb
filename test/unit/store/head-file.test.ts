import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readHeadFile, writeHeadFile } from '../../../src/store/audit/head-file.ts'

const KEY = Buffer.alloc(32, 1)
const HEADS = { b: { seq: 2, hash: 'bb' }, a: { seq: 1, hash: 'aa' } }

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-head-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'head.json')
}

test('signed heads are read back; without a file there are none', async () => {
  const path = newPath()
  expect(await readHeadFile(path, KEY)).toBeNull()
  await writeHeadFile(path, 5, HEADS, KEY)
  await writeHeadFile(path, 6, HEADS, KEY)
  expect(await readHeadFile(path, KEY)).toEqual({ at: 6, heads: HEADS })
})

test.each([
  ['a sequence number', (text: string) => text.replace('"seq":2', '"seq":1')],
  ['a hash', (text: string) => text.replace('"bb"', '"bc"')],
  ['the time', (text: string) => text.replace('"at":5', '"at":4')],
  ['a tenant left out', (text: string) => text.replace('"a":{"seq":1,"hash":"aa"}', '').replace(',}', '}')],
  ['the signature', (text: string) => text.replace(/"mac":"../, '"mac":"')],
  ['a torn file', (text: string) => text.slice(0, 30)],
  ['an empty file', () => ''],
])('refuses what was changed: %s', async (_, change) => {
  const path = newPath()
  await writeHeadFile(path, 5, HEADS, KEY)
  writeFileSync(path, change(readFileSync(path, 'utf8')))
  await expect(readHeadFile(path, KEY)).rejects.toMatchObject({ name: 'StoreError', fault: 'corrupt' })
})

test('refuses what another key signed', async () => {
  const path = newPath()
  await writeHeadFile(path, 5, HEADS, KEY)
  await expect(readHeadFile(path, Buffer.alloc(32, 2))).rejects.toMatchObject({ fault: 'corrupt' })
})

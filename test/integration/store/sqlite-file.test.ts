import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { startNode } from '../../helpers/process.ts'
import { CHILD, filledFolder, newFolder, opened } from './folder.ts'

const open = (folder: string) => () => openSqliteStore({ folder, keys: null })
const configError = (message: RegExp) =>
  expect.objectContaining({ name: 'ConfigError', message: expect.stringMatching(message) })

describe('I14: a data folder', () => {
  test('that another process has is refused with its number; after kill -9 it is free at once, with all that was in it', async () => {
    const folder = newFolder()
    const holder = startNode([CHILD, 'hold', folder])
    await holder.says(/holding/)
    expect(open(folder)).toThrow(configError(/in use by another process \(process \d+\).*DATABASE_URL/))
    holder.signal('SIGKILL')
    await holder.ended
    const store = opened(folder)
    expect((await store.runs('t', { limit: 10 })).runs).toHaveLength(1)
  })
  test('that this process has is refused too, and free when it is closed', async () => {
    const folder = newFolder()
    const store = openSqliteStore({ folder, keys: null })
    expect(open(folder)).toThrow(configError(/in use/))
    await store.close()
    await opened(folder).migrate()
  })
  test('is readable by its owner only', async () => {
    const { file } = await filledFolder()
    expect(statSync(file).mode & 0o077).toBe(0)
  })
  test('that cannot be made is refused', () => {
    expect(open('/dev/null/data')).toThrow(configError(/DATA_DIR \/dev\/null\/data cannot be made/))
  })
})

describe('I15: a database file', () => {
  test.each([0, 50, 100, 4096, 40_000])('torn at %i bytes is refused and left as it is', async (bytes) => {
    const { folder, file } = await filledFolder()
    truncateSync(file, bytes)
    expect(open(folder)).toThrow(configError(/is torn|corrupt|cannot be read/))
    expect(statSync(file).size).toBe(bytes)
  })
  test('cut by its last page is refused', async () => {
    const { folder, file } = await filledFolder()
    truncateSync(file, statSync(file).size - 4096)
    expect(open(folder)).toThrow(configError(/is torn/))
  })
  test('with a page overwritten is refused', async () => {
    const { folder, file } = await filledFolder()
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.fill(0xff, 8192, 12_288))
    expect(open(folder)).toThrow(configError(/is corrupt|cannot be read/))
  })
  test('that is none, or of another program, is refused', async () => {
    const folder = newFolder()
    const file = join(folder, 'consilium.db')
    writeFileSync(file, 'no database, but long enough to have a header of one hundred bytes'.repeat(3))
    expect(open(folder)).toThrow(configError(/is no SQLite database/))
    rmSync(file)
    const other = new DatabaseSync(file)
    other.exec('create table t (a)')
    other.close()
    expect(open(folder)).toThrow(configError(/belongs to another program/))
  })
  test('that is gone while its -wal is there is refused', async () => {
    const { folder, file } = await filledFolder()
    rmSync(file)
    writeFileSync(`${file}-wal`, 'x')
    expect(open(folder)).toThrow(configError(/is missing, but its -wal is there/))
  })
  test('that was refused does not keep its folder locked', async () => {
    const { folder, file } = await filledFolder()
    const good = readFileSync(file)
    truncateSync(file, 10)
    expect(open(folder)).toThrow(configError(/is torn/))
    writeFileSync(file, good)
    expect((await opened(folder).runs('t', { limit: 100 })).runs).toHaveLength(20)
  })
})

test('I06: a full disk refuses writes, acknowledges none that it did not keep, and goes on reading', async () => {
  const folder = newFolder()
  const code = `process.execve('/bin/bash', ['bash', '-c', 'ulimit -f 2000; exec "$0" "$@"', process.execPath, ...process.argv.slice(1)])`
  const child = startNode(['-e', code, CHILD, 'fill', folder])
  const [, acknowledged, there] = await child.says(
    /refused with StoreError (?:full|unavailable): (\d+) acknowledged, (\d+) there/,
  )
  expect(Number(acknowledged)).toBeGreaterThan(5)
  expect(there).toBe(acknowledged)
})

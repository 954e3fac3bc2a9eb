import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SERVICE_CHAIN } from '../../../src/contract/audit.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { startService } from '../../helpers/service.ts'
import { newFolder } from '../store/folder.ts'

/** Starts the service on this folder, ends it, and gives what it has noted of itself. */
async function noted(folder: string, headFile: string): Promise<string[]> {
  const env = { DATA_DIR: folder, AUDIT_HEAD_FILE: headFile, AUDIT_HEAD_KEY: 'a key of thirty-two bytes or more' }
  const service = await startService({ env })
  await service.app.close()
  const store = openSqliteStore({ folder, keys: null })
  const links = await store.auditLinks(SERVICE_CHAIN, 0, 100)
  await store.close()
  return links.map(({ action }) => action)
}

test('a first start with a file for the signed heads shows no sign of tampering; one that misses its file does', async () => {
  const folder = newFolder()
  const headFile = join(newFolder(), 'heads.json')
  expect(await noted(folder, headFile)).toEqual(['configuration.load'])
  expect(existsSync(headFile)).toBe(true)
  expect(await noted(folder, headFile)).toEqual(['configuration.load', 'configuration.load'])
  rmSync(headFile)
  expect((await noted(folder, headFile)).slice(2)).toEqual(['audit.seal', 'configuration.load'])
})

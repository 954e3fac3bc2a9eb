import { statSync, truncateSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startListening, startServer } from '../../helpers/process.ts'
import { filledFolder, newFolder } from '../store/folder.ts'
import { isReady, STARTS } from './i-asked.ts'

test(
  'I14: a second service on the same data folder does not start, says why, and leaves the first alone',
  STARTS,
  async () => {
    const env = { DATA_DIR: newFolder() }
    const first = await startListening(env)
    const second = startServer(env)
    expect(await second.ended).toMatchObject({ code: 1 })
    expect(second.err()).toMatch(/in use by another process \(process \d+\)/)
    expect(await isReady(first.origin)()).toBe(true)
  },
)

test('I14: a folder whose service was killed is free at once', STARTS, async () => {
  const env = { DATA_DIR: newFolder() }
  const first = await startListening(env)
  first.signal('SIGKILL')
  await first.ended
  expect(await isReady((await startListening(env)).origin)()).toBe(true)
})

test('I15: a service does not start on a torn database, says so, and leaves it as it is', STARTS, async () => {
  const { folder, file } = await filledFolder()
  truncateSync(file, 5000)
  const server = startServer({ DATA_DIR: folder })
  expect(await server.ended).toMatchObject({ code: 1 })
  expect(server.err()).toMatch(/is torn/)
  expect(statSync(file).size).toBe(5000)
})

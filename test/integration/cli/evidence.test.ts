import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { httpAnswer, startRawServer } from '../../helpers/raw-server.ts'
import { run } from './command.ts'

vi.setConfig({ testTimeout: 60_000 })

function file(name: string, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-evidence-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

async function service(status: number, body: object) {
  const server = await startRawServer(({ socket }) =>
    socket.end(httpAnswer({ status, headers: { connection: 'close' }, body: JSON.stringify(body) })),
  )
  const env = { CONSILIUM_URL: `http://127.0.0.1:${server.port}`, CONSILIUM_TOKEN: 'a-token' }
  return { server, add: (...args: string[]) => run(['evidence', 'add', ...args], env) }
}

test('a file is added under its name, or under the title and source that are given', async () => {
  const { server, add } = await service(201, { id: 'd-1', passages: 2 })
  const path = file('sepsis guideline.txt', 'First hour bundle.\n')
  expect(await add(path)).toMatchObject({
    code: 0,
    out: '"sepsis guideline" is kept as d-1, in 2 passages.\n',
    err: '',
  })
  const [call] = server.calls
  expect(call).toMatchObject({ method: 'POST', path: '/v1/evidence', headers: { authorization: 'Bearer a-token' } })
  expect(JSON.parse(call?.body ?? '')).toEqual({
    title: 'sepsis guideline',
    source: 'sepsis guideline.txt',
    text: 'First hour bundle.\n',
  })
  const named = await add(path, '--title', 'Sepsis', '--source', 'https://ward.example/sepsis', '--json')
  expect(JSON.parse(named.out)).toEqual({ id: 'd-1', passages: 2 })
  expect(JSON.parse(server.calls[1]?.body ?? '')).toMatchObject({
    title: 'Sepsis',
    source: 'https://ward.example/sepsis',
  })
})

test('an empty file, no file and a service that refuses end with a reason on stderr', async () => {
  const { server, add } = await service(503, {
    type: 'about:blank',
    title: 'Not ready',
    status: 503,
    code: 'not_ready',
    detail: 'There is no memory: no model of the roster makes embeddings.',
  })
  expect(await add(file('empty.txt', ' \n'))).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining('is empty'),
  })
  expect(await add('/nowhere/x.txt')).toMatchObject({ code: 2, err: expect.stringContaining('there is no such file') })
  expect(server.calls).toHaveLength(0)
  const refused = await add(file('a.txt', 'Text.'))
  expect(refused).toMatchObject({ out: '', err: expect.stringContaining('no model of the roster makes embeddings') })
  expect(refused.code).not.toBe(0)
})

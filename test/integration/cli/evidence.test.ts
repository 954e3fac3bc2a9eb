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
  const command = (...args: string[]) => run(args, env)
  return { server, command, add: (...args: string[]) => command('evidence', 'add', ...args) }
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

const ID = '0199a2b4-7c11-7d3e-9f52-6c1d2e3f4a5b'
const DOCUMENT = {
  id: ID,
  title: 'Sepsis\nbundle\u001b[2J',
  source: 'sepsis.txt',
  passages: 3,
  added_at: '2026-11-21T15:04:05.678Z',
  added_by: 'nurse-1',
}

test.each([
  ['evidence', '/v1/evidence'],
  ['memories', '/v1/memories'],
])('%s are listed as a table, a page at a time', async (name, path) => {
  const page = { documents: [DOCUMENT, { ...DOCUMENT, passages: 10, added_by: null, title: 'B' }], next_cursor: ID }
  const { server, command } = await service(200, page)
  const { code, out, err } = await command(name, 'list', '--limit', '2', '--cursor', ID)
  expect(server.calls[0]).toMatchObject({ method: 'GET', path: `${path}?limit=2&cursor=${ID}` })
  expect([code, err]).toEqual([0, `More: --cursor ${ID}\n`])
  expect(out.split('\n')).toEqual([
    `ADDED (UTC)          ID${' '.repeat(34)}  PASSAGES  ADDED BY  SOURCE      TITLE`,
    `2026-11-21 15:04:05  ${ID}  3         nurse-1   sepsis.txt  Sepsis bundle\ufffd[2J`,
    `2026-11-21 15:04:05  ${ID}  10        –         sepsis.txt  B`,
    '',
  ])
  const json = await command(name, 'list', '--json')
  expect([JSON.parse(json.out), json.err]).toEqual([page, ''])
})

test('an empty list says so', async () => {
  const { command } = await service(200, { documents: [], next_cursor: null })
  expect(await command('evidence', 'list')).toEqual({ code: 0, out: 'Nothing is kept.\n', err: '' })
})

test.each([
  ['evidence', '/v1/evidence'],
  ['memories', '/v1/memories'],
])('%s are removed by their id, which stays a part of the path', async (name, path) => {
  const server = await startRawServer(({ socket }) =>
    socket.end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n'),
  )
  const env = { CONSILIUM_URL: `http://127.0.0.1:${server.port}`, CONSILIUM_TOKEN: 'a-token' }
  expect(await run([name, 'remove', ID], env)).toEqual({ code: 0, out: `${ID} is removed.\n`, err: '' })
  expect(server.calls[0]).toMatchObject({ method: 'DELETE', path: `${path}/${ID}` })
  await run([name, 'remove', '../runs?a=b'], env)
  expect(server.calls[1]?.path).toBe(`${path}/..%2Fruns%3Fa%3Db`)
})

test('memories are cleared when it is said whose, and a refusal is told', async () => {
  const { server, command } = await service(200, { documents: 1, passages: 4 })
  expect(await command('memories', 'clear')).toMatchObject({ code: 2, err: expect.stringContaining('--of') })
  expect(await command('memories', 'clear', '--of', 'all')).toMatchObject({ code: 2 })
  expect(server.calls).toHaveLength(0)
  expect(await command('memories', 'clear', '--of', 'caller')).toMatchObject({ code: 0, out: '1 memory is removed.\n' })
  expect(server.calls[0]).toMatchObject({ method: 'DELETE', path: '/v1/memories?of=caller' })
  const detail = 'To forget what others left needs a token with the scope admin.'
  const refusing = await service(403, {
    type: 'about:blank',
    title: 'Forbidden',
    status: 403,
    code: 'forbidden',
    detail,
  })
  expect(await refusing.command('memories', 'clear', '--of', 'tenant')).toMatchObject({
    code: 1,
    err: expect.stringContaining(detail),
  })
})

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { backoffMs } from '../../../src/archive/webhooks/backoff.ts'
import { RunFinished } from '../../../src/contract/webhook.ts'
import { startRawServer } from '../../helpers/raw-server.ts'
import { answer, dispatch, ended, openStore, SECRET } from './subject.ts'

type Verify = (headers: Readonly<Record<string, string>>, body: string, secret: string) => unknown

const DOCS = readFileSync(join(import.meta.dirname, '../../../docs/webhooks.md'), 'utf8')
const block = (language: string): string => DOCS.split(`\`\`\`${language}\n`)[1]?.split('```')[0] ?? ''

function inFile(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-snippet-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

/** A real call, as a receiver got it. */
async function received(secret: string) {
  const store = await openStore()
  const server = await startRawServer(answer)
  await ended(store, `http://127.0.0.1:${server.port}/`)
  dispatch(store, { secret })
  return server.call(0)
}

async function inNode(): Promise<Verify> {
  const { verify } = await import(pathToFileURL(inFile('verify.mjs', block('js'))).href)
  return verify
}

const READ_CALL =
  '\nimport sys\ncall = json.load(sys.stdin)\nprint(json.dumps(verify(call[0], call[1].encode(), call[2])))\n'

async function inPython(): Promise<Verify> {
  const file = inFile('verify.py', block('python') + READ_CALL)
  return (...call) => {
    const { status, stdout, stderr } = spawnSync('python3', [file], { input: JSON.stringify(call), encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    return JSON.parse(stdout)
  }
}

const hasPython = spawnSync('python3', ['--version']).status === 0
if (!hasPython) console.info('skipped: there is no python3, the snippet for it in docs/webhooks.md is not run')

test.each([['js', inNode], ...(hasPython ? [['python', inPython] as const] : [])] as const)(
  'the snippet in %s verifies real calls and refuses forged ones',
  async (_, load) => {
    const verify = await load()
    const plain = 'a secret in plain words, 32 bytes'
    const [call, other] = [await received(SECRET), await received(plain)]
    expect(RunFinished.parse(verify(call.headers, call.body, SECRET))).toEqual(JSON.parse(call.body))
    expect(verify(other.headers, other.body, plain)).toEqual(JSON.parse(other.body))

    const headers = (given: Record<string, string>) => ({ ...call.headers, ...given })
    const rotated = `v1,${Buffer.alloc(32).toString('base64')} ${call.headers['webhook-signature']}`
    expect(verify(headers({ 'webhook-signature': rotated }), call.body, SECRET)).toMatchObject({ type: 'run.finished' })
    const old = `${Number(call.headers['webhook-timestamp']) - 301}`
    const unsigned = /not signed with this secret/
    expect(() => verify(call.headers, call.body, plain)).toThrow(unsigned)
    expect(() => verify(call.headers, `${call.body} `, SECRET)).toThrow(unsigned)
    expect(() => verify(headers({ 'webhook-id': 'x' }), call.body, SECRET)).toThrow(unsigned)
    expect(() => verify(headers({ 'webhook-signature': 'v1,AAAA' }), call.body, SECRET)).toThrow(unsigned)
    expect(() => verify(headers({ 'webhook-signature': '' }), call.body, SECRET)).toThrow(unsigned)
    expect(() => verify(headers({ 'webhook-timestamp': old }), call.body, SECRET)).toThrow(/from another time/)
  },
)

test('the pauses of the table are those of the schedule', () => {
  const seconds = { s: 1, min: 60, h: 3600 }
  const cells = DOCS.split('\n')
    .find((line) => line.startsWith('| pause |'))
    ?.split('|')
    .slice(2, -1)
    .map((cell) => cell.trim().split(' '))
  const told = cells?.map(([count, unit]) => Number(count) * seconds[unit as keyof typeof seconds] * 1000 || null)
  expect(told).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((attempts) => backoffMs(attempts, () => 0)))
})

test('the body that is shown is one that the service could send', () => {
  const body = block('http').split('\n\n')[1] ?? ''
  expect(RunFinished.parse(JSON.parse(body)).type).toBe('run.finished')
})

import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startSimulator } from '../../../simulator/simulate.ts'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { startServer } from '../../helpers/process.ts'
import { REDIS_URL, redisIsWanted } from '../../helpers/redis.ts'

/** What the shell would hand to curl for a line: its words, with quotes and continued lines resolved. */
function curlWords(line: string): string[] {
  const script = `curl() { for word in "$@"; do printf '%s\\0' "$word"; done; }\n${line}`
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
}

/** Sends what a curl line says. */
function runCurl(line: string): Promise<Response> {
  const [silent, url = '', ...rest] = curlWords(line)
  expect(silent).toBe('-s')
  const headers: [string, string][] = []
  let body: string | null = null
  for (let at = 0; at < rest.length; at += 2) {
    const value = rest[at + 1] ?? ''
    if (rest[at] === '-H') headers.push(value.split(': ', 2) as [string, string])
    else if (rest[at] === '-d') body = value
    else throw new Error(`Unknown curl option ${rest[at]}`)
  }
  return fetch(url, { headers, method: body === null ? 'GET' : 'POST', body })
}

/** A file that is gone after the test. */
function temporaryFile(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'models.json')
  writeFileSync(path, content)
  return path
}

/** Starts with these settings, which must not work, and gives what it says. */
async function refusal(env: Record<string, string>): Promise<string> {
  const server = startServer(env)
  expect(await server.ended).toEqual({ code: 1, signal: null })
  expect(server.out()).toBe('')
  expect(server.err()).toMatch(/^Consilium cannot start\.\n/)
  expect(server.err()).not.toMatch(/\n\s+at /)
  return server.err()
}

describe('the start in development without any setting', () => {
  it('prints curl lines that work as they stand', async () => {
    const { roster, close } = await startSimulator()
    onTestFinished(close)
    const ports = Object.fromEntries(roster.models.map(({ id, url }) => [id, url]))
    const server = startServer({ JWT_SECRET: '', MODEL_PORTS: JSON.stringify(ports) })
    await server.says(/npm run simulate/)
    const [types = '', execute = ''] = server.err().match(/^curl (?:.*\\\n)*.*$/gm) ?? []
    const listed = await runCurl(types)
    expect(listed.status).toBe(200)
    expect(await listed.json()).toMatchObject({ total_count: 8 })
    const executed = await runCurl(execute)
    expect(executed.status).toBe(200)
    expect(await executed.json()).toMatchObject({ workflow_type: 'parallel_qa', status: 'succeeded' })
  })

  it('makes another secret for every process, and writes neither it nor the token to the log', async () => {
    const tokens = await Promise.all(
      [1, 2].map(async () => {
        const server = startServer({ JWT_SECRET: '', LOG_LEVEL: 'trace' })
        const [, token = ''] = await server.says(/Bearer ([\w-]+\.[\w-]+\.[\w-]+)/)
        server.signal('SIGTERM')
        await server.ended
        expect(server.out()).toContain('listening')
        expect(server.out()).not.toContain(token)
        return token
      }),
    )
    expect(tokens[0]?.split('.')[2]).not.toBe(tokens[1]?.split('.')[2])
  })

  it('prints no token when a secret is set', async () => {
    const server = startServer()
    await server.says(/"listening"/)
    server.signal('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null })
    expect(server.err()).toBe('')
  })
})

describe('a start that must not succeed ends with code 1 and says what to do', () => {
  it('production without a key', async () => {
    expect(await refusal({ NODE_ENV: 'production', JWT_SECRET: '' })).toContain(
      'NODE_ENV=production needs one of JWT_SECRET (32 bytes or more), JWT_PUBLIC_KEY or JWT_JWKS_URL',
    )
  })

  it('every variable with a bad value is named, and a secret is not repeated', async () => {
    const said = await refusal({
      PORT: '70000',
      LOG_LEVEL: 'loud',
      MAX_TASKS: '-1',
      MODEL_PORTS: '{oops',
      JWT_SECRET: 'short-secret',
    })
    for (const name of ['PORT', 'LOG_LEVEL', 'MAX_TASKS', 'MODEL_PORTS', 'JWT_SECRET'])
      expect(said).toMatch(new RegExp(`^ {2}${name}: must be|^ {2}${name}: Invalid`, 'm'))
    expect(said).not.toContain('short-secret')
  })

  it('a port that is taken', async () => {
    const holder = createServer()
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void holder.close())
    const { port } = holder.address() as { port: number }
    const server = startServer({ PORT: String(port) })
    expect(await server.ended).toEqual({ code: 1, signal: null })
    expect(server.err()).toContain(`address already in use 127.0.0.1:${port}`)
    expect(server.out()).not.toContain('listening')
  })

  it('a roster file that is not there', async () => {
    expect(await refusal({ MODELS_FILE: '/nowhere/models.json' })).toContain(
      'MODELS_FILE names a file that cannot be read: /nowhere/models.json',
    )
  })

  it('a roster file that is no JSON', async () => {
    const path = temporaryFile('{"models": [')
    expect(await refusal({ MODELS_FILE: path })).toContain(`MODELS_FILE is not JSON: ${path}`)
  })

  it('a roster file whose content is no roster', async () => {
    const path = temporaryFile('{"models": [{"id": "m", "url": "ftp://x", "gpu": 0}], "agents": {}}')
    const said = await refusal({ MODELS_FILE: path })
    expect(said).toContain(`MODELS_FILE ${path} is not a roster`)
    expect(said).toContain('models[0].url')
  })

  it('a roster that lacks an agent of a built-in workflow', async () => {
    const path = temporaryFile(
      JSON.stringify({
        models: [{ id: 'm', url: 'http://127.0.0.1:9/v1', gpu: 0 }],
        agents: { Clinical: { model: 'm' } },
      }),
    )
    expect(await refusal({ MODELS_FILE: path })).toMatch(/Workflow "\w+": The roster has no agent "Billing"/)
  })

  it.runIf(redisIsWanted && postgresIsWanted)(
    'a key of another kind, also when Redis and the store are open',
    async () => {
      const { publicKey } = generateKeyPairSync('ed25519', {
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      })
      const { url: DATABASE_URL, drop } = await createDatabase()
      onTestFinished(drop)
      const env = { JWT_SECRET: '', JWT_PUBLIC_KEY: publicKey, REDIS_URL, DATABASE_URL }
      expect(await refusal({ ...env, LOG_LEVEL: 'error' })).toContain(
        'JWT_PUBLIC_KEY must be RSA (2048 bits or more) or EC P-256',
      )
    },
  )

  it('a model on a host outside the hospital', async () => {
    expect(await refusal({ MODEL_PORTS: '{"BiMediX2-8B": "https://models.example.com/v1"}' })).toContain(
      'the host models.example.com is not allowed',
    )
  })
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { RosterFile } from '../../../src/contract/roster.ts'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'
import { signToken } from '../../../src/token.ts'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { SECRET } from '../../helpers/gate-tokens.ts'
import { startListening } from '../../helpers/process.ts'
import { REDIS_URL, redisIsWanted } from '../../helpers/redis.ts'
import { startWorkServer } from '../../helpers/work-server.ts'

const AGENTS = Object.keys(builtinRoster.agents).map((agent) => [agent, { model: 'chat', fallbacks: [] }])

function writeRoster(url: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-embeddings-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const roster: RosterFile = {
    gpus: [{ id: 0 }],
    models: [
      { id: 'chat', served_model: 'chat', url, gpu: 0, slots: 1, context_window: 8192 },
      { id: 'embedder', served_model: 'embedder', url, gpu: 0, slots: 1, kind: 'embedding' },
    ],
    agents: Object.fromEntries(AGENTS),
  }
  const path = join(folder, 'roster.json')
  writeFileSync(path, JSON.stringify(roster))
  return path
}

describe.skipIf(!redisIsWanted || !postgresIsWanted)('two services at one server', () => {
  it('make embeddings and run tasks, and never pass its slots together', async () => {
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    const server = await startWorkServer({ takes_ms: 5 })
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL,
      MODELS_FILE: writeRoster(server.url),
      RATE_LIMIT_MAX: '1000000',
    }
    const services = await Promise.all([startListening(env), startListening(env)])
    const headers = {
      authorization: `Bearer ${signToken(SECRET, { subject: 'nurse-1', expiresInS: 600 })}`,
      'content-type': 'application/json',
    }
    const post = async (at: number, path: string, body: object) => {
      const url = `${services[at % 2]?.origin}${path}`
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
      await answer.arrayBuffer()
      return answer.status
    }
    const statuses = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        at % 4 < 2
          ? post(at, '/v1/embeddings', { model: 'auto', input: `text ${at}` })
          : post(at, '/v1/tasks', { task: `Task ${at}`, model: 'chat' }),
      ),
    )
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect([server.begun('embeddings'), server.begun('chat')]).toEqual([20, 20])
    expect(server.peak('embeddings')).toBe(1)
    expect(server.peak('chat')).toBe(1)
  }, 60_000)
})

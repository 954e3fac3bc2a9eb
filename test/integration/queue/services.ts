import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { RosterFile } from '../../../src/contract/roster.ts'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'
import { createDatabase } from '../../contracts/store-subjects.ts'
import { startListening } from '../../helpers/process.ts'
import { chatCompletion } from '../../helpers/raw-server.ts'
import { type Language, type Ledger, openLedger } from './ledger.ts'

/** That of a model server, to which each service shows its name as its key. */
const CHAT: Language = {
  isCall: ({ url }) => url?.endsWith('/chat/completions') ?? false,
  callerOf: ({ headers }) => headers.authorization?.replace('Bearer ', '') ?? '',
  answer: chatCompletion(),
}

export type Service = Awaited<ReturnType<typeof startListening>>

export interface Services {
  /** Named a and b. */
  a: Service
  b: Service
  /** The one model server. */
  model: Ledger
}

/** One model for all agents. */
const rosterOf = (url: string, slots: number): RosterFile => ({
  gpus: [{ id: 0 }],
  models: [{ id: 'only', url: `${url}v1`, gpu: 0, slots, context_window: 8192 }],
  agents: Object.fromEntries(
    Object.keys(builtinRoster.agents).map((agent) => [agent, { model: 'only', fallbacks: [] }]),
  ),
})

function writeRoster(roster: RosterFile): string {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-services-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'roster.json')
  writeFileSync(path, JSON.stringify(roster))
  return path
}

/** Two services on a database of their own that share one model server over this Redis. A call takes `takes_ms`. */
export async function startServices(redisUrl: string, slots: number, takes_ms: number): Promise<Services> {
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  const model = await openLedger(takes_ms, CHAT)
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: redisUrl,
    MODELS_FILE: writeRoster(rosterOf(model.url, slots)),
    RATE_LIMIT_MAX: '1000000',
  }
  const start = (name: string) => startListening({ ...env, MODEL_API_KEYS: JSON.stringify({ only: name }) })
  const [a, b] = await Promise.all([start('a'), start('b')])
  return { a, b, model }
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startModelServer } from '../../../simulator/server.ts'
import { openStore } from '../../../src/archive/open.ts'
import { parseConfig } from '../../../src/config.ts'
import { buildLanes } from '../../../src/lanes.ts'
import { buildMemories, openMemory } from '../../../src/memories.ts'
import { citationsOf } from '../../../src/memory/citations.ts'
import { evidenceBlock, nameEvidence } from '../../../src/memory/evidence.ts'
import type { Model } from '../../../src/models/port.ts'
import { buildRoster } from '../../../src/models/roster.ts'
import { ModelServers } from '../../../src/models/servers.ts'
import { Backlog } from '../../../src/run/backlog.ts'
import { createEmbedder } from '../../../src/run/embedder.ts'
import { Forecast } from '../../../src/run/forecast.ts'
import { claimant, NO_PRICES } from '../../helpers/fake-port.ts'
import { startFakeQdrant } from '../../helpers/fake-qdrant.ts'

const log = pino({ enabled: false })

const SEPSIS = 'Sepsis: give broad antibiotics within one hour of recognition. Measure lactate at once.'
const CLAIM = 'A claim without the form of the insurer is denied. Send the missing form within ten days.'

/** A service's configuration with a chat model, and an embedding model when its URL is given. */
async function open(embeddings: string | null, env: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-memories-'))
  const models = [
    { id: 'chat', url: 'http://127.0.0.1:1/v1', gpu: 0 },
    ...(embeddings === null ? [] : [{ id: 'embedder', url: embeddings, gpu: 0, kind: 'embedding' }]),
  ]
  const roster = { gpus: [{ id: 0 }], models, agents: { Chat: { model: 'chat', fallbacks: [] } } }
  writeFileSync(join(folder, 'models.json'), JSON.stringify(roster))
  const config = parseConfig({ DATA_DIR: join(folder, 'data'), MODELS_FILE: join(folder, 'models.json'), ...env })
  const store = await openStore(config.store, log)
  let closed: Promise<void> | null = null
  const close = () => {
    closed ??= store.close()
    return closed
  }
  onTestFinished(async () => {
    await close()
    rmSync(folder, { recursive: true })
  })
  const build = async () => {
    const roster = buildRoster(config.models)
    const { lanes } = buildLanes(roster, 15_000, null)
    const servers = new ModelServers(roster.models.values(), { breaker_cooldown_ms: 5000, log: () => undefined })
    onTestFinished(() => servers.close())
    const parts = { models: servers, lanes, forecast: new Forecast(), backlog: new Backlog() }
    const limits = { lane_queue_max: 1000, task_timeout_ms: 120_000 }
    const embedderFor = (model: Model) => createEmbedder({ ...parts, ...limits }, model)
    const memories = buildMemories({
      config,
      memory: await openMemory(config, store),
      models: roster.models,
      embedderFor,
      log,
    })
    const asker = { claimant: claimant(), priority: 0, rank: 0, purse: NO_PRICES }
    return { ...memories, service: memories.serviceFor(asker) }
  }
  return { build, close }
}

async function simulated() {
  const simulator = await startModelServer({ model: 'embedder' })
  onTestFinished(() => simulator.close())
  return simulator
}

describe('memories as the configuration has them', () => {
  test.each(['store', 'qdrant'])('evidence is found by what it says, cited and checked (%s)', async (kind) => {
    const { url } = await simulated()
    const qdrant = await startFakeQdrant()
    const { build } = await open(url, kind === 'qdrant' ? { QDRANT_URL: qdrant.url.origin } : {})
    const memories = await build()
    expect(memories.kind).toBe(kind)
    const { service } = memories
    expect(await service.addEvidence('t', { title: 'Sepsis', source: 'sepsis.txt', text: SEPSIS })).toMatchObject({
      ok: true,
    })
    await service.addEvidence('t', { title: 'Claims', source: 'claims.txt', text: CLAIM })
    await service.addEvidence('other', { title: 'Theirs', source: 'x', text: SEPSIS })
    await service.remember('t', 'The patient has sepsis; antibiotics were asked about.', {
      title: 'Visit',
      source: 'run r-1',
    })
    const found = await service.recall('t', 'When are antibiotics due in sepsis?', {
      collection: 'evidence',
      top_k: 2,
      min_score: 0.2,
    })
    if (!found.ok) return expect.fail(found.message)
    expect(found.hits.map(({ title }) => title)).toEqual(['Sepsis'])
    const evidence = nameEvidence(found.hits)
    expect(evidenceBlock(evidence)).toContain(`<evidence id="E1" title="Sepsis" passage="1">${SEPSIS}</evidence>`)
    expect(citationsOf('Within one hour [E1]; see [E2].', evidence)).toMatchObject({
      cited: [{ source: 'sepsis.txt', passage: 1 }],
      unknown: ['E2'],
    })
    expect(await service.recall('t', 'antibiotics?')).toMatchObject({ ok: true, hits: [{ title: 'Visit' }] })
  })

  test('without an embedding model every request is answered that there is no memory', async () => {
    const { service, embedder } = await (await open(null)).build()
    expect(embedder).toBeNull()
    expect(await service.recall('t', 'x')).toMatchObject({ ok: false, cause: 'no_embedding_model' })
  })

  test('an embedding model that is down, a store that is closed: no memory, and nothing thrown', async () => {
    const simulator = await simulated()
    const { build, close } = await open(simulator.url)
    const { service } = await build()
    await close()
    expect(await service.recall('t', 'x')).toMatchObject({ ok: false, cause: 'memory', code: 'unavailable' })
    await simulator.refuse()
    expect(await service.recall('t', 'x')).toMatchObject({
      ok: false,
      cause: 'embedding',
      code: 'upstream_unreachable',
    })
  })

  test('a Qdrant outside of the hospital stops the start, unless its host is allowed', async () => {
    const url = { QDRANT_URL: 'https://cloud.qdrant.example' }
    await expect((await open(null, url)).build()).rejects.toThrow(
      /QDRANT_URL: the host cloud.qdrant.example is not allowed/,
    )
    const allowed = await open(null, { ...url, ALLOWED_MODEL_HOSTS: '127.0.0.1,cloud.qdrant.example' })
    expect((await allowed.build()).kind).toBe('qdrant')
    const other = await open(null, { QDRANT_URL: 'http://127.0.0.1:6333', ALLOWED_MODEL_HOSTS: '127.0.0.1:1' })
    await expect(other.build()).rejects.toThrow(/not allowed/)
  })

  test.each([
    [{ QDRANT_API_KEY: 'k' }, /QDRANT_API_KEY needs QDRANT_URL/],
    [{ QDRANT_URL: 'http://u:p@127.0.0.1:6333' }, /must hold no credentials/],
    [{ QDRANT_URL: 'http://127.0.0.1:6333/?a=1' }, /must be a base URL/],
    [{ QDRANT_URL: 'ftp://127.0.0.1' }, /QDRANT_URL/],
    [{ QDRANT_URL: 'http://127.0.0.1', QDRANT_API_KEY: 'a key' }, /QDRANT_API_KEY/],
  ])('%j is refused', (env, message) => {
    expect(() => parseConfig(env)).toThrow(message)
  })
})

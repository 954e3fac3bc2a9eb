import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ServiceHealth } from '../../src/contract/health.ts'
import type { RosterFile } from '../../src/contract/roster.ts'
import { authorization, CHAT, custom, run, startService, type TestService } from '../helpers/service.ts'

const withEmbeddings = (roster: RosterFile): RosterFile => ({
  ...roster,
  models: [
    ...roster.models.map((model) => ({ ...model, served_model: model.id })),
    {
      ...(roster.models[0] as RosterFile['models'][number]),
      id: 'embedder',
      served_model: 'embedder',
      kind: 'embedding',
    },
  ],
})

const SECRET = 'Mrs. Quillfeather takes metformin.'
const DOCUMENT = { title: 'Quillfeather', source: 'quillfeather.txt', text: SECRET }

const add = ({ app }: TestService, payload: object, claims = {}) =>
  app.inject({ method: 'POST', url: '/v1/evidence', headers: authorization(claims), payload })
const remove = ({ app }: TestService, id: string, claims = {}) =>
  app.inject({ method: 'DELETE', url: `/v1/evidence/${id}`, headers: authorization(claims) })

const asking = custom([{ task_id: 'a', prompt: 'What does she take?', retrieve: { top_k: 3 } }])
const given = async (service: TestService, claims = {}): Promise<string[]> => {
  const response = await service.execute(asking, authorization(claims))
  return response.json().results[0].citations.map(({ document_id }: { document_id: string }) => document_id)
}

const entriesOf = async (service: TestService) => {
  const response = await service.get('/v1/audit', authorization({ scopes: ['admin'] }))
  return response.json().entries as { actor: string; action: string; object: string; outcome: string }[]
}

describe('evidence', () => {
  it('serves the tenant that added it, until it is removed, by that tenant alone', async () => {
    const service = await startService({ roster: withEmbeddings })
    const { id } = (await add(service, DOCUMENT)).json()
    expect(await given(service)).toEqual([id])
    expect(await given(service, { tenant: 'other' })).toEqual([])
    expect((await remove(service, id, { tenant: 'other' })).statusCode).toBe(404)
    expect(await given(service)).toEqual([id])
    expect((await remove(service, id)).statusCode).toBe(204)
    expect(await given(service)).toEqual([])
    expect((await remove(service, id)).statusCode).toBe(404)
  })

  it('leaves who added and removed it in the audit, and its text neither there nor in the log', async () => {
    const service = await startService({ roster: withEmbeddings })
    const { id } = (await add(service, DOCUMENT)).json()
    await given(service)
    await remove(service, id, { subject: 'nurse-2' })
    const entries = await entriesOf(service)
    const about = entries.filter(({ object }) => object === `document/${id}`)
    expect(about.map(({ actor, action, outcome }) => [actor, action, outcome])).toEqual(
      expect.arrayContaining([
        ['nurse-1', 'evidence.create', 'ok'],
        ['nurse-2', 'evidence.delete', 'asked'],
      ]),
    )
    expect(about).toHaveLength(2)
    expect(JSON.stringify(entries)).not.toMatch(/quillfeather|metformin/i)
    expect(JSON.stringify(service.lines)).not.toMatch(/quillfeather|metformin/i)
  })

  it('is refused where no model makes embeddings, and when it is none', async () => {
    const none = await startService()
    const refused = await add(none, DOCUMENT)
    expect([refused.statusCode, refused.json().code]).toEqual([503, 'not_ready'])
    const service = await startService({ roster: withEmbeddings })
    for (const [body, field] of [
      [{ ...DOCUMENT, text: ' ' }, 'text'],
      [{ ...DOCUMENT, title: undefined }, 'title'],
      [{ ...DOCUMENT, tenant: 'x' }, 'tenant'],
    ] as const) {
      const response = await add(service, body)
      expect([response.statusCode, response.json().errors[0].field]).toEqual([400, field])
    }
    expect((await remove(service, 'no-id')).statusCode).toBe(400)
  })

  it('is not missed where its server fails: the task is written without, and says so', async () => {
    const service = await startService({
      roster: (roster) => {
        const known = withEmbeddings(roster)
        // Nobody listens there.
        return {
          ...known,
          models: known.models.map((one) => (one.id === 'embedder' ? { ...one, url: 'http://127.0.0.1:1/v1' } : one)),
        }
      },
    })
    const response = await run(service, asking)
    expect(response.status).toBe('succeeded')
    expect(response.results[0]?.warnings.join()).toContain('Written without all evidence')
    const refused = await add(service, DOCUMENT)
    expect([refused.statusCode, refused.json().code]).toEqual([503, 'not_ready'])
    expect(refused.body).not.toMatch(/quillfeather/i)
  })
})

const healthOf = async (service: TestService): Promise<ServiceHealth> =>
  ServiceHealth.parse((await service.get('/v1/health')).json())
const partOf = ({ parts }: ServiceHealth, name: string) => parts.find((part) => part.name === name)

describe('GET /v1/health', () => {
  it('says that all is well, and what is simply not there', async () => {
    const health = await healthOf(await startService())
    expect(health.ok).toBe(true)
    expect(partOf(health, 'store')).toMatchObject({ ok: true, needed: true, kind: 'memory', reason: null })
    expect(partOf(health, 'memory')).toMatchObject({ ok: false, needed: false, reason: expect.any(String) })
    expect(partOf(health, 'queue')).toMatchObject({ ok: true, kind: 'none' })
  })

  it('says which server is down, and that an agent is left without a model', async () => {
    const service = await startService()
    service.server(CHAT).setFaults([{ kind: 'refuse', for_ms: 60_000 }])
    await service.execute(custom([{ task_id: 'a' }]))
    const health = await healthOf(service)
    expect(health.ok).toBe(false)
    expect(health.models.filter(({ reachable }) => reachable === false).map(({ id }) => id)).toEqual([CHAT])
    expect(partOf(health, 'agents')).toMatchObject({ ok: false, needed: true, reason: expect.stringContaining('Chat') })
  })

  it('says that the memory is down, which stops nothing', async () => {
    const silent = createServer((socket) => socket.destroy())
    const port = await new Promise<number>((resolve) =>
      silent.listen(0, '127.0.0.1', () => resolve((silent.address() as { port: number }).port)),
    )
    const service = await startService({
      roster: withEmbeddings,
      env: { QDRANT_URL: `http://127.0.0.1:${port}` },
    })
    const health = await healthOf(service)
    expect(partOf(health, 'memory')).toMatchObject({
      ok: false,
      kind: 'qdrant',
      needed: false,
      reason: expect.any(String),
    })
    expect(health.ok).toBe(true)
    const refused = await add(service, DOCUMENT)
    expect([refused.statusCode, refused.json().code]).toEqual([503, 'not_ready'])
    const gone = await remove(service, '00000000-0000-4000-8000-000000000000')
    expect([gone.statusCode, gone.json().code]).toEqual([503, 'not_ready'])
    const stats = (await service.get('/v1/stats')).json()
    expect(stats.memory).toMatchObject({ available: false, documents: null })
    silent.close()
  })

  it('is for those who may read', async () => {
    const service = await startService()
    expect((await service.get('/v1/health', {})).statusCode).toBe(401)
    expect((await service.get('/v1/health', authorization({ scopes: ['runs:read'] }))).statusCode).toBe(403)
  })
})

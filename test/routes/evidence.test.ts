import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ServiceHealth } from '../../src/contract/health.ts'
import { authorization, CHAT, custom, run, startService, type TestService } from '../helpers/service.ts'
import { withEmbeddings } from '../helpers/with-embeddings.ts'

const SECRET = 'Mrs. Quillfeather takes metformin.'
const DOCUMENT = { title: 'Quillfeather', source: 'quillfeather.txt', text: SECRET }

const add = ({ app }: TestService, payload: object, claims = {}) =>
  app.inject({ method: 'POST', url: '/v1/evidence', headers: authorization(claims), payload })
const remove = ({ app }: TestService, id: string, claims = {}) =>
  app.inject({ method: 'DELETE', url: `/v1/evidence/${id}`, headers: authorization(claims) })

type Listed = Readonly<Record<string, unknown>>
const listed = async (service: TestService, url: string, claims = {}) => {
  const response = await service.get(url, authorization(claims))
  expect(response.statusCode).toBe(200)
  return response.json() as { documents: Listed[]; next_cursor: string | null }
}

const asking = custom([{ task_id: 'a', prompt: 'What does she take?', retrieve: { top_k: 3 } }])
const given = async (service: TestService, claims = {}): Promise<string[]> => {
  const response = await service.execute(asking, authorization(claims))
  return response.json().results[0].citations.map(({ document_id }: { document_id: string }) => document_id)
}

const entriesOf = async (service: TestService) => {
  const response = await service.get('/v1/audit', authorization({ scopes: ['admin'] }))
  return response.json().entries as {
    actor: string
    action: string
    object: string
    outcome: string
    details: string
  }[]
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
    const about = entries.filter(({ object }) => object === `evidence/${id}`)
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

  it('is listed and shown to its tenant alone, page by page, and each look is noted', async () => {
    const service = await startService({ roster: withEmbeddings })
    const ids: string[] = []
    for (const title of ['First', 'Second', 'Third'])
      ids.push((await add(service, { ...DOCUMENT, title }, { subject: 'nurse-2' })).json().id)
    await add(service, DOCUMENT, { tenant: 'other' })
    const { documents, next_cursor } = await listed(service, '/v1/evidence')
    expect(documents.map(({ id }) => id).sort()).toEqual([...ids].sort())
    expect(next_cursor).toBeNull()
    expect(documents.find(({ id }) => id === ids[0])).toEqual({
      ...{ id: ids[0], title: 'First', source: DOCUMENT.source, passages: 1, added_by: 'nurse-2' },
      added_at: expect.stringMatching(/^20\d\d-\d\d-\d\dT[\d:.]+Z$/),
    })
    const first = await listed(service, '/v1/evidence?limit=2')
    const second = await listed(service, `/v1/evidence?limit=2&cursor=${first.next_cursor}`)
    expect([...first.documents, ...second.documents]).toEqual(documents)
    expect(second.next_cursor).toBeNull()
    const one = `/v1/evidence/${ids[0]}`
    expect((await service.get(one)).json()).toMatchObject({ id: ids[0], title: 'First', texts: [SECRET] })
    expect((await service.get(one, authorization({ tenant: 'other' }))).statusCode).toBe(404)
    expect((await service.get(`/v1/memories/${ids[0]}`)).statusCode).toBe(404)
    expect((await listed(service, '/v1/evidence', { tenant: 'other' })).documents).toHaveLength(1)
    const entries = await entriesOf(service)
    const looks = entries.filter(({ action }) => /^(evidence|memory)\.(list|read)$/.test(action))
    expect(looks.map(({ action, object, outcome }) => [action, object, outcome])).toEqual([
      ...Array(3).fill(['evidence.list', '/v1/evidence', 'ok']),
      ['evidence.read', `evidence/${ids[0]}`, 'ok'],
      ['memory.read', `memory/${ids[0]}`, 'refused: not_found'],
    ])
    expect(JSON.stringify([entries, service.lines])).not.toMatch(/quillfeather|metformin/i)
  })

  it('is listed by good limits and cursors only', async () => {
    const service = await startService()
    for (const path of ['/v1/evidence', '/v1/memories'])
      for (const [query, field] of [
        ['limit=0', 'limit'],
        ['limit=1001', 'limit'],
        ['cursor=x', 'cursor'],
        ['tenant=other', 'tenant'],
      ]) {
        const response = await service.get(`${path}?${query}`)
        expect([response.statusCode, response.json().errors[0].field]).toEqual([400, field])
      }
  })

  it('is refused where no model makes embeddings, and when it is none', async () => {
    const none = await startService()
    const refused = await add(none, DOCUMENT)
    expect([refused.statusCode, refused.json().code, refused.headers['retry-after']]).toEqual([
      422,
      'no_model',
      undefined,
    ])
    expect(refused.json().detail).toContain('"kind": "embedding"')
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

describe('memories', () => {
  const ROUND = 'Mr. Threadgold is seen at seven.'
  const remember = async (service: TestService, claims = {}) => {
    const response = await service.app.inject({
      method: 'POST',
      url: '/v1/tasks',
      headers: authorization(claims),
      payload: { task: ROUND, model: CHAT, store_memory: true },
    })
    expect(response.json().memory).toEqual({ stored: true, reason: null })
    return response.json().run_id as string
  }
  const forget = ({ app }: TestService, path: string, claims = {}) =>
    app.inject({ method: 'DELETE', url: `/v1/memories${path}`, headers: authorization(claims) })
  const sources = async (service: TestService, claims = {}) =>
    (await listed(service, '/v1/memories', claims)).documents.map(({ source }) => source).sort()

  it('are listed by the runs that left them, shown, and forgotten one by one, in their tenant alone', async () => {
    const service = await startService({ roster: withEmbeddings })
    const run_id = await remember(service)
    await add(service, DOCUMENT)
    const { documents } = await listed(service, '/v1/memories')
    expect(documents).toMatchObject([{ source: `run/${run_id}`, added_by: 'nurse-1', passages: 1 }])
    expect(JSON.stringify(documents)).not.toContain('Threadgold')
    const { id } = documents[0] as { id: string }
    expect((await service.get(`/v1/memories/${id}`)).json().texts.join()).toContain(ROUND)
    expect(await sources(service, { tenant: 'other' })).toEqual([])
    expect((await forget(service, `/${id}`, { tenant: 'other' })).statusCode).toBe(404)
    expect((await remove(service, id)).statusCode).toBe(404)
    expect((await forget(service, `/${id}`, { subject: 'nurse-2' })).statusCode).toBe(204)
    expect((await forget(service, `/${id}`)).statusCode).toBe(404)
    expect(await sources(service)).toEqual([])
    expect((await listed(service, '/v1/evidence')).documents).toHaveLength(1)
    const entries = (await entriesOf(service)).filter(({ object }) => object === `memory/${id}`)
    expect(entries.map(({ actor, action, outcome }) => [actor, action, outcome])).toEqual(
      expect.arrayContaining([
        ['nurse-1', 'memory.create', 'ok'],
        ['nurse-2', 'memory.delete', 'asked'],
      ]),
    )
    expect(JSON.stringify([await entriesOf(service), service.lines])).not.toContain('Threadgold')
  })

  it('of a caller are forgotten at once, those of a whole tenant by an administrator', async () => {
    const service = await startService({ roster: withEmbeddings })
    const mine = [await remember(service), await remember(service)]
    const hers = await remember(service, { subject: 'nurse-2' })
    const theirs = await remember(service, { tenant: 'other' })
    expect(await sources(service)).toEqual([...mine, hers].map((id) => `run/${id}`).sort())
    const own = await forget(service, '?of=caller')
    expect([own.statusCode, own.json()]).toEqual([200, { documents: 2, passages: 2 }])
    expect(await sources(service)).toEqual([`run/${hers}`])
    const refused = await forget(service, '?of=tenant')
    expect([refused.statusCode, refused.json().code]).toEqual([403, 'forbidden'])
    for (const path of ['', '?of=everybody', '?of=caller&subject=nurse-2'])
      expect((await forget(service, path)).statusCode).toBe(400)
    expect(await sources(service)).toEqual([`run/${hers}`])
    const all = await forget(service, '?of=tenant', { scopes: ['workflows:execute', 'admin'] })
    expect(all.json()).toEqual({ documents: 1, passages: 1 })
    expect(await sources(service)).toEqual([])
    expect(await sources(service, { tenant: 'other' })).toEqual([`run/${theirs}`])
    const entries = (await entriesOf(service)).filter(({ action }) => action === 'memories.delete')
    expect(entries.map(({ object, outcome, details }) => [object, outcome, JSON.parse(details)])).toMatchObject([
      ['memories', 'asked', { of: 'caller' }],
      ['memories', 'ok', { of: 'caller', documents: 2, passages: 2 }],
      ['memories', 'asked', { of: 'tenant' }],
      ['memories', 'ok', { of: 'tenant', documents: 1, passages: 1 }],
    ])
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
    const list = await service.get('/v1/evidence')
    expect([list.statusCode, list.json().code]).toEqual([503, 'not_ready'])
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

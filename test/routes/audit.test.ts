import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { AuditPage } from '../../src/contract/audit.ts'
import { AuditBundle } from '../../src/contract/audit-event.ts'
import { StoreError } from '../../src/errors.ts'
import type { AuditLink } from '../../src/store/audit/entry.ts'
import type { Store } from '../../src/store/port.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { type AuditGate, asCaller, buildAuditGate, openDesk } from '../helpers/audit-gate.ts'
import { bearer, claims, hmacToken } from '../helpers/gate-tokens.ts'

const RUN = randomUUID()
const CANARY = 'CANARY-Jane-Doe-1961'

let store: Store
let gate: AuditGate

async function openGate(failures?: number): Promise<void> {
  store = openSqliteStore({ folder: null, keys: null })
  await store.migrate()
  const opened = store
  onTestFinished(() => opened.close())
  const runs = new Set([`ward-7/${RUN}`])
  gate = await buildAuditGate(openDesk(store), { runs, ...(failures !== undefined && { failures }) })
}
beforeEach(() => openGate())

const linksOf = (tenant = 'ward-7'): Promise<AuditLink[]> => store.auditLinks(tenant, 0, 10_000)
const told = async (tenant?: string) =>
  (await linksOf(tenant)).map(({ actor, action, object, outcome }) => `${actor} ${action} ${object} ${outcome}`)

/** From now on the store refuses every entry. */
function refuseNotes() {
  const failing = { ...store, note: () => Promise.reject(new StoreError('unavailable', 'gone')) }
  const { app } = gate
  const { desk, watched } = openDesk(failing)
  for (const name of ['note', 'noteStranger'] as const) app.audit[name] = desk[name].bind(desk) as never
  return watched
}

describe('what is read', () => {
  test('is noted before it is shown: who, what, how it ended', async () => {
    expect((await gate.get(`/v1/runs/${RUN}`)).statusCode).toBe(200)
    expect(await told()).toEqual([`nurse-1 run.read run/${RUN} ok`])
    const [link] = await linksOf()
    expect(JSON.parse(link?.details ?? '')).toEqual({
      request_id: expect.any(String),
      route: 'GET /v1/runs/:run_id',
    })
    expect(gate.watched.entries).toBe(1)
  })

  test('is not shown when it cannot be noted', async () => {
    refuseNotes()
    const response = await gate.get(`/v1/runs/${RUN}`)
    expect(response.json()).toMatchObject({ status: 503, code: 'not_ready' })
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
    expect(response.headers['content-type']).toBe('application/problem+json')
    expect(response.body).not.toContain(CANARY)
    const stream = await gate.app.inject({
      url: `/v1/runs/${RUN}/events`,
      headers: { ...asCaller(), accept: 'text/event-stream' },
    })
    expect(stream.json()).toMatchObject({ status: 503, code: 'not_ready' })
  })

  test('is noted once, also as a stream', async () => {
    const headers = { ...asCaller(), accept: 'text/event-stream' }
    expect((await gate.app.inject({ url: `/v1/runs/${RUN}/events`, headers })).body).toContain('run.started')
    expect(await told()).toEqual([`nurse-1 run.events run/${RUN} ok`])
  })

  test('leaves nothing of what a caller writes into a path, nor of an answer', async () => {
    await gate.get(`/v1/runs/${CANARY}`)
    await gate.get(`/v1/runs/${RUN}?name=${CANARY}`)
    expect(await told()).toEqual(['nurse-1 run.read run/(no id) refused: not_found', `nurse-1 run.read run/${RUN} ok`])
    expect(JSON.stringify(await linksOf())).not.toContain('CANARY')
  })
})

describe('what is denied', () => {
  test("is noted in the asking tenant's chain: another one's object and a missing scope", async () => {
    expect((await gate.get(`/v1/runs/${RUN}`, { tenant: 'other' })).statusCode).toBe(404)
    expect((await gate.get(`/v1/runs/${RUN}`, { scope: 'admin' })).statusCode).toBe(403)
    const cancel = { method: 'POST', url: `/v1/runs/${RUN}/cancel`, headers: asCaller({ scope: 'runs:read' }) } as const
    expect((await gate.app.inject(cancel)).statusCode).toBe(403)
    expect(await told('other')).toEqual([`nurse-1 run.read run/${RUN} refused: not_found`])
    expect(await told()).toEqual([
      `nurse-1 run.read run/${RUN} denied: forbidden`,
      `nurse-1 access run/${RUN} denied: forbidden`,
    ])
  })

  test("without a token is noted in the service's chain, by a keyed hash of the address", async () => {
    const ask = (remoteAddress: string) => gate.app.inject({ url: '/v1/audit', remoteAddress })
    await ask('192.0.2.7')
    await ask('192.0.2.7')
    await ask('192.0.2.8')
    const links = await linksOf('~service')
    expect(links.map(({ action, object, outcome }) => [action, object, outcome])).toEqual(
      Array(3).fill(['audit.list', '/v1/audit', 'denied: unauthorized']),
    )
    const [first, again, other] = links.map(({ actor }) => actor)
    expect(first).toMatch(/^address:[\da-f]{32}$/)
    expect(again).toBe(first)
    expect(other).not.toBe(first)
    expect(JSON.stringify(links)).not.toContain('192.0.2')
  })

  test('is noted no more often per address than it may fail', async () => {
    await openGate(3)
    for (let n = 0; n < 10; n++) await gate.app.inject({ url: '/v1/audit' })
    expect(await linksOf('~service')).toHaveLength(3)
  })

  test('stays denied when it cannot be noted, and that is counted', async () => {
    const watched = refuseNotes()
    expect((await gate.app.inject({ url: '/v1/audit' })).statusCode).toBe(401)
    expect((await gate.get('/v1/audit', { scope: '' })).statusCode).toBe(403)
    expect(watched).toMatchObject({ noteFailed: 2, entries: 0 })
  })

  test('a token of the service itself is refused', async () => {
    const url = '/v1/audit'
    const headers = bearer(hmacToken(claims({ tenant: '~service', scope: 'admin' })))
    expect((await gate.app.inject({ url, headers })).statusCode).toBe(401)
  })

  test('nothing is noted of public routes and addresses where there is nothing', async () => {
    await gate.app.inject({ url: '/open' })
    await gate.get('/nothing')
    await gate.app.inject({ url: '/nothing' })
    expect(await store.auditHeads()).toEqual({})
  })
})

describe('GET /v1/audit', () => {
  const noteMany = (count: number) =>
    store.note(
      'ward-7',
      Array.from({ length: count }, (_, n) => ({
        at: 1_795_000_000_000 + n,
        actor: 'dr-house',
        action: 'run.create',
        object: `run/${n}`,
        outcome: 'ok',
      })),
    )

  test('lists the tenant of the token and no other', async () => {
    await noteMany(2)
    await store.note('other', [{ at: 1, actor: 'a', action: 'b', object: 'c', outcome: 'ok' }])
    const { entries, next_cursor } = AuditPage.parse((await gate.get('/v1/audit')).json())
    expect(next_cursor).toBeNull()
    expect(entries).toHaveLength(2)
    expect(entries[0]).toEqual({
      seq: 1,
      at: '2026-11-18T11:06:40.000Z',
      actor: 'dr-house',
      action: 'run.create',
      object: 'run/0',
      outcome: 'ok',
      details: '{}',
      prev_hash: '',
      hash: expect.stringMatching(/^[\da-f]{64}$/),
    })
    expect(entries[1]?.prev_hash).toBe(entries[0]?.hash)
  })

  test('shows every entry once over its pages, and comes to an end though each reading is an entry', async () => {
    await noteMany(25)
    const seen: number[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const response = await gate.get(`/v1/audit?limit=1${cursor && `&cursor=${cursor}`}`)
      const page = AuditPage.parse(response.json())
      seen.push(...page.entries.map(({ seq }) => seq))
      cursor = page.next_cursor
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => n + 1))
    expect((await linksOf()).slice(25).map(({ action }) => action)).toEqual(Array(25).fill('audit.list'))
  })

  test('is empty, not broken, before anything happened', async () => {
    expect((await gate.get('/v1/audit')).json()).toEqual({ entries: [], next_cursor: null })
    expect((await gate.get('/v1/audit/verify', { tenant: 'new' })).json()).toEqual({
      ok: true,
      entries: 0,
      head: { seq: 0, hash: '' },
      breaks: [],
    })
  })

  test.each(['limit=0', 'limit=1001', 'limit=x', 'cursor=x', 'cursor=1', 'cursor=-1-2', 'tenant=other'])(
    'refuses %s',
    async (query) => {
      expect((await gate.get(`/v1/audit?${query}`)).json()).toMatchObject({ status: 400, code: 'invalid_request' })
    },
  )

  test('is verified whole: a query is refused, naming what it holds', async () => {
    const refused = await gate.get('/v1/audit/verify?x=1')
    expect(refused.json()).toMatchObject({ status: 400, code: 'invalid_request', errors: [{ field: 'x' }] })
  })

  test.each(['/v1/audit', '/v1/audit/verify', '/v1/audit/export'])('needs the scope admin: %s', async (url) => {
    const others = 'workflows:execute workflows:read runs:read runs:approve'
    expect((await gate.get(url, { scope: others })).statusCode).toBe(403)
    expect((await gate.get(url, { scope: 'admin' })).statusCode).toBe(200)
  })
})

describe('GET /v1/audit/export', () => {
  test('is a FHIR R4 Bundle of AuditEvents, and itself an entry', async () => {
    await gate.get(`/v1/runs/${RUN}`)
    await gate.get(`/v1/runs/${RUN}`, { scope: 'admin' })
    const response = await gate.get('/v1/audit/export')
    expect(response.headers['content-type']).toBe('application/fhir+json; charset=utf-8')
    const bundle = AuditBundle.parse(response.json())
    expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'collection', link: [] })
    expect(bundle.entry.map(({ resource }) => [resource.action, resource.outcome, resource.outcomeDesc])).toEqual([
      ['R', '0', 'ok'],
      ['R', '4', 'denied: forbidden'],
    ])
    expect((await told()).at(-1)).toBe('nurse-1 audit.export /v1/audit/export ok')
  })

  test('goes page by page through the same entries', async () => {
    for (let n = 0; n < 7; n++) await gate.get(`/v1/runs/${RUN}`)
    const hashes: string[] = []
    for (let url: string | undefined = '/v1/audit/export?limit=3'; url !== undefined; ) {
      const { entry, link } = AuditBundle.parse((await gate.get(url)).json())
      hashes.push(...entry.map(({ resource }) => resource.id))
      url = link.find(({ relation }) => relation === 'next')?.url
    }
    expect(hashes).toEqual((await linksOf()).slice(0, 7).map(({ hash }) => hash))
  })
})

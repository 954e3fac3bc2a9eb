import { dereference, validate } from '@scalar/openapi-parser'
import { describe, expect, it } from 'vitest'
import { authorization, custom, startService } from '../helpers/service.ts'

const ROUTES: Readonly<Record<string, string | readonly string[]>> = {
  '/v1/workflows/execute': 'post',
  '/v1/workflows/discharge-summary': 'post',
  '/v1/workflows/types': 'get',
  '/v1/roster': 'get',
  '/v1/models': 'get',
  '/v1/models/{model}': 'get',
  '/v1/chat/completions': 'post',
  '/v1/embeddings': 'post',
  '/v1/tasks': 'post',
  '/v1/route': 'post',
  '/v1/supervise': 'post',
  '/v1/supervise/tools': 'get',
  '/v1/stats': 'get',
  '/v1/health': 'get',
  '/v1/evidence': ['post', 'get'],
  '/v1/evidence/{document_id}': ['get', 'delete'],
  '/v1/memories': ['get', 'delete'],
  '/v1/memories/{document_id}': ['get', 'delete'],
  '/v1/runs': 'get',
  '/v1/runs/{run_id}': 'get',
  '/v1/runs/{run_id}/events': 'get',
  '/v1/runs/{run_id}/cancel': 'post',
  '/v1/runs/{run_id}/approval': 'post',
  '/v1/audit': 'get',
  '/v1/audit/export': 'get',
  '/v1/audit/verify': 'get',
  '/metrics': 'get',
  '/health/live': 'get',
  '/health/ready': 'get',
}

interface Described {
  properties: Record<string, Described>
  items: Described
}

type Paths = Record<
  string,
  Record<
    string,
    {
      security: object[]
      'x-required-scope'?: string
      responses: Record<
        string,
        {
          content: {
            'application/json': { schema: Described }
            'text/event-stream'?: { schema: { description: string } }
          }
        }
      >
    }
  >
>

async function load() {
  const service = await startService()
  return { service, text: (await service.get('/openapi.json', {})).body }
}

describe('GET /openapi.json', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { text } = await load()
    const { valid, errors, version } = await validate(text)
    expect(errors ?? []).toEqual([])
    expect([valid, version]).toEqual([true, '3.1'])
  })

  it('describes every route that the service has, and no other', async () => {
    const { text } = await load()
    const described = Object.entries(JSON.parse(text).paths as object).map(([path, methods]) => [
      path,
      Object.keys(methods),
    ])
    expect(Object.fromEntries(described)).toEqual(
      Object.fromEntries(Object.entries(ROUTES).map(([path, methods]) => [path, [methods].flat()])),
    )
  })

  it('resolves every reference, and each route says its scope or that it is open', async () => {
    const { text } = await load()
    const { schema } = dereference(text) as { schema?: { paths: Paths } }
    const scopes = Object.entries(ROUTES).map(([path, methods]) => {
      const needed = [methods].flat().map((method) => {
        const operation = schema?.paths[path]?.[method]
        return operation?.security.length === 0 ? 'open' : operation?.['x-required-scope']
      })
      return [path, [...new Set(needed)].join(', ')]
    })
    expect(Object.fromEntries(scopes)).toEqual({
      '/v1/workflows/execute': 'workflows:execute',
      '/v1/workflows/discharge-summary': 'workflows:execute',
      '/v1/workflows/types': 'workflows:read',
      '/v1/roster': 'workflows:read',
      '/v1/models': 'workflows:read',
      '/v1/models/{model}': 'workflows:read',
      '/v1/chat/completions': 'workflows:execute',
      '/v1/embeddings': 'workflows:execute',
      '/v1/tasks': 'workflows:execute',
      '/v1/route': 'workflows:read',
      '/v1/supervise': 'workflows:execute',
      '/v1/supervise/tools': 'workflows:read',
      '/v1/stats': 'workflows:read',
      '/v1/health': 'workflows:read',
      '/v1/evidence': 'workflows:execute',
      '/v1/evidence/{document_id}': 'workflows:execute',
      '/v1/memories': 'workflows:execute',
      '/v1/memories/{document_id}': 'workflows:execute',
      '/v1/runs': 'runs:read',
      '/v1/runs/{run_id}': 'runs:read',
      '/v1/runs/{run_id}/events': 'runs:read',
      '/v1/runs/{run_id}/cancel': 'workflows:execute',
      '/v1/runs/{run_id}/approval': 'runs:approve',
      '/v1/audit': 'admin',
      '/v1/audit/export': 'admin',
      '/v1/audit/verify': 'admin',
      '/metrics': 'open',
      '/health/live': 'open',
      '/health/ready': 'open',
    })
  })

  it('names every member of a real response of execute', async () => {
    const { service, text } = await load()
    const { schema } = dereference(text) as { schema?: { paths: Paths } }
    const described = schema?.paths['/v1/workflows/execute']?.post?.responses['200']?.content['application/json'].schema
    if (described === undefined) throw new Error('execute has no response')
    const response = await service.app.inject({
      method: 'POST',
      url: '/v1/workflows/execute?timeline=true',
      headers: authorization(),
      payload: custom([{ task_id: 'a' }], { measure: 'sequential' }),
    })
    const real = response.json()
    expect(Object.keys(described.properties)).toEqual(Object.keys(real))
    expect(Object.keys(described.properties.metadata?.properties ?? {})).toEqual(Object.keys(real.metadata))
    expect(Object.keys(described.properties.metadata?.properties.measured?.properties ?? {})).toEqual(
      Object.keys(real.metadata.measured),
    )
    const { timeline } = described.properties
    expect(Object.keys(timeline?.properties ?? {})).toEqual(Object.keys(real.timeline))
    const lane = timeline?.properties.tasks?.items.properties
    expect(Object.keys(lane ?? {})).toEqual(Object.keys(real.timeline.tasks[0]))
    expect(Object.keys(lane?.spans?.items.properties ?? {})).toEqual(Object.keys(real.timeline.tasks[0].spans[0]))
    // Only where a model was chosen, another one answered, or evidence was asked for.
    const seldom = ['routing', 'fallback_reason', 'citations']
    const always = Object.keys(described.properties.results?.items.properties ?? {})
    expect(always.filter((name) => !seldom.includes(name))).toEqual(Object.keys(real.results[0]))
  })

  it('describes every event of a stream where a run can be streamed, and nowhere else', async () => {
    const { text } = await load()
    const { paths } = JSON.parse(text) as { paths: Paths }
    const streams = Object.entries(ROUTES).flatMap(([path, methods]) =>
      [methods].flat().flatMap((method) => {
        const stream = paths[path]?.[method]?.responses['200']?.content?.['text/event-stream']
        return stream ? [[path, stream.schema.description] as const] : []
      }),
    )
    expect(streams.map(([path]) => path)).toEqual([
      '/v1/workflows/execute',
      '/v1/workflows/discharge-summary',
      '/v1/runs/{run_id}/events',
    ])
    for (const [, description] of streams)
      expect(description).toMatch(/\| `task\.failed` \| task_id, .*drop all its deltas/)
  })

  it('says what discharge-summary requires', async () => {
    const { text } = await load()
    const { requestBody } = JSON.parse(text).paths['/v1/workflows/discharge-summary'].post
    expect(requestBody.required).toBe(true)
    expect(requestBody.content['application/json'].schema.required).toEqual([
      'patient_data',
      'admission_date',
      'discharge_date',
    ])
  })

  it('says that a run is cancelled without a body too, and that events are refused to whoever takes none', async () => {
    const { text } = await load()
    const { paths } = JSON.parse(text)
    expect(paths['/v1/runs/{run_id}/cancel'].post.requestBody.required).toBe(false)
    expect(Object.keys(paths['/v1/runs/{run_id}/events'].get.responses)).toContain('406')
  })

  it('says that a run may be asked for its timeline, to go on alone, and to be the same for the same key', async () => {
    const { text } = await load()
    for (const route of ['execute', 'discharge-summary'])
      expect(JSON.parse(text).paths[`/v1/workflows/${route}`].post.parameters).toMatchObject([
        { in: 'query', name: 'timeline', required: false, schema: { enum: ['true', 'false'], default: 'false' } },
        { in: 'header', name: 'prefer', required: false },
        { in: 'header', name: 'idempotency-key', required: false },
      ])
  })

  it('names every status that execute answers', async () => {
    const { text } = await load()
    const { responses } = JSON.parse(text).paths['/v1/workflows/execute'].post
    expect(Object.keys(responses)).toEqual(
      expect.arrayContaining([
        '200',
        '202',
        '400',
        '401',
        '403',
        '413',
        '415',
        '422',
        '429',
        '500',
        '502',
        '503',
        '504',
      ]),
    )
  })
})

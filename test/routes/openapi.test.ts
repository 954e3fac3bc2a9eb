import { dereference, validate } from '@scalar/openapi-parser'
import { describe, expect, it } from 'vitest'
import { custom, startService } from '../helpers/service.ts'

const ROUTES = {
  '/v1/workflows/execute': 'post',
  '/v1/workflows/discharge-summary': 'post',
  '/v1/workflows/types': 'get',
  '/v1/roster': 'get',
  '/v1/models': 'get',
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
      responses: Record<string, { content: { 'application/json': { schema: Described } } }>
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
      Object.fromEntries(Object.entries(ROUTES).map(([path, method]) => [path, [method]])),
    )
  })

  it('resolves every reference, and each route says its scope or that it is open', async () => {
    const { text } = await load()
    const { schema } = dereference(text) as { schema?: { paths: Paths } }
    const scopes = Object.entries(ROUTES).map(([path, method]) => {
      const operation = schema?.paths[path]?.[method]
      return [path, operation?.security.length === 0 ? 'open' : operation?.['x-required-scope']]
    })
    expect(Object.fromEntries(scopes)).toEqual({
      '/v1/workflows/execute': 'workflows:execute',
      '/v1/workflows/discharge-summary': 'workflows:execute',
      '/v1/workflows/types': 'workflows:read',
      '/v1/roster': 'workflows:read',
      '/v1/models': 'workflows:read',
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
    const real = (await service.execute(custom([{ task_id: 'a' }]))).json()
    expect(Object.keys(described.properties)).toEqual(Object.keys(real))
    expect(Object.keys(described.properties.metadata?.properties ?? {})).toEqual(Object.keys(real.metadata))
    expect(Object.keys(described.properties.results?.items.properties ?? {})).toEqual(Object.keys(real.results[0]))
  })

  it('says what discharge-summary requires', async () => {
    const { text } = await load()
    const { requestBody } = JSON.parse(text).paths['/v1/workflows/discharge-summary'].post
    expect(requestBody.content['application/json'].schema.required).toEqual([
      'patient_data',
      'admission_date',
      'discharge_date',
    ])
  })

  it('names every status that execute answers', async () => {
    const { text } = await load()
    const { responses } = JSON.parse(text).paths['/v1/workflows/execute'].post
    expect(Object.keys(responses)).toEqual(
      expect.arrayContaining(['200', '400', '401', '403', '413', '415', '429', '500', '502', '503', '504']),
    )
  })
})

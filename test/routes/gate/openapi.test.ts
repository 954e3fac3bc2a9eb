import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { buildGate } from '../../helpers/gate.ts'

async function get(url: string, headers: Record<string, string> = {}) {
  const { app } = await buildGate()
  return app.inject({ url, headers })
}

describe('GET /openapi.json', () => {
  it('is an OpenAPI 3.1 description that needs no token', async () => {
    const response = await get('/openapi.json')
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toContain('application/json')
    expect(response.json()).toMatchObject({ openapi: '3.1.0', info: { title: 'Consilium', version: '0.0.0' } })
  })

  it('describes request, response, token, scope and every problem of the gate', async () => {
    const { post } = (await get('/openapi.json')).json().paths['/work']
    expect(post).toMatchObject({ security: [{ bearer: [] }], 'x-required-scope': 'workflows:execute' })
    const request = post.requestBody.content['application/json'].schema
    expect(request.properties.custom_tasks.items.properties.priority).toMatchObject({ minimum: 0, maximum: 5 })
    expect(request.required).toEqual(['workflow_type'])
    expect(Object.keys(post.responses)).toEqual(['200', '400', '401', '403', '413', '415', '429', '500', '503'])
    for (const [status, answer] of Object.entries<{ content: object }>(post.responses)) {
      const type = status === '200' ? 'application/json' : 'application/problem+json'
      expect(Object.keys(answer.content)).toEqual([type])
    }
    expect(post).not.toHaveProperty('x-problems')
  })

  it('asks for no token on open routes', async () => {
    const { get: open } = (await get('/openapi.json')).json().paths['/open']
    expect(open.security).toEqual([])
    expect(open.responses).not.toHaveProperty('401')
  })

  it('names in its problem schema every member that a problem has', async () => {
    const { Problem } = (await get('/openapi.json')).json().components.schemas
    expect(Object.keys((await get('/nothing-here')).json()).sort()).toEqual([...Problem.required].sort())
  })
})

describe('GET /docs', () => {
  it('loads scripts from this service alone, and its policy forbids every other address', async () => {
    const response = await get('/docs')
    expect(response.headers['content-type']).toContain('text/html')
    const policy = String(response.headers['content-security-policy'])
    expect(policy).toContain("default-src 'self'")
    expect(policy).toContain("connect-src 'self'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/)
    expect(response.body).not.toMatch(/https?:\/\//)
    const scripts = [...response.body.matchAll(/<script([^>]*)>([^<]*)/g)]
    expect(scripts.map((script) => script[1]?.trim())).toEqual(['src="docs/scalar.js"', 'src="docs/start.js"'])
    expect(scripts.every((script) => script[2]?.trim() === '')).toBe(true)
  })

  it('starts with telemetry, fonts, agent and proxy of others off', async () => {
    const response = await get('/docs/start.js')
    expect(response.headers['content-type']).toContain('text/javascript')
    const [, given] = /^Scalar\.createApiReference\('#app', (.*)\)\n$/.exec(response.body) ?? []
    const configuration = JSON.parse(given ?? '')
    expect(configuration).toMatchObject({ url: 'openapi.json', telemetry: false, withDefaultFonts: false })
    expect(configuration.agent).toEqual({ disabled: true })
    expect(configuration).not.toHaveProperty('proxyUrl')
  })

  it('serves the script packed or plain, as the browser can read it, and it is the same', async () => {
    const { app } = await buildGate()
    const ask = (headers: Record<string, string>) => app.inject({ url: '/docs/scalar.js', headers })
    const packed = await ask({ 'accept-encoding': 'gzip, br' })
    const plain = await ask({})
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' })
    expect(plain.headers).not.toHaveProperty('content-encoding')
    expect(gunzipSync(packed.rawPayload).equals(plain.rawPayload)).toBe(true)
    expect(plain.body).toContain('createApiReference')
  })
})

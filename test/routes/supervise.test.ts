import { describe, expect, it } from 'vitest'
import { authorization, startService } from '../helpers/service.ts'

const post = async (payload: object, headers: Record<string, string> = authorization()) => {
  const { app } = await startService()
  return app.inject({ method: 'POST', url: '/v1/supervise', headers, payload })
}

describe('POST /v1/supervise', () => {
  it('answers a plain task, with the choice of the router', async () => {
    const response = await post({ task: 'Thank the patient for coming.' })
    expect(response.statusCode).toBe(200)
    expect(response.json()).toMatchObject({
      content: expect.stringMatching(/\S/),
      status: 'succeeded',
      metadata: {
        turns: 0,
        cost: 0,
        orchestrator_model: null,
        orchestrator_reasoning: null,
        fallback_reason: null,
        routing: { target_model: expect.any(String), fallback: null, table: expect.any(Array) },
        truncated: false,
        simulated: true,
      },
      trace: [{ turn: 0, step: 'fallback', outcome: 'ok', ignored: [] }],
    })
  })

  it.each<[object, string]>([
    [{}, 'task'],
    [{ task: ' ' }, 'task'],
    [{ task: 'x', max_turns: 0 }, 'max_turns'],
    [{ task: 'x', max_turns: 51 }, 'max_turns'],
    [{ task: 'x', max_cost: -1 }, 'max_cost'],
    [{ task: 'x', optimize_for: 'fun' }, 'optimize_for'],
    [{ task: 'x', context: [''] }, 'context[0]'],
    [{ task: 'x', timeout_ms: 0 }, 'timeout_ms'],
    [{ task: 'x', maxTurns: 3 }, 'maxTurns'],
  ])('refuses %j by naming the field', async (body, field) => {
    const response = await post(body)
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({ code: 'invalid_request' })
    expect(JSON.stringify(response.json())).toContain(field)
  })

  it.each(['idempotency-key', 'prefer'])('refuses the header %s: it promises what is not kept', async (name) => {
    const response = await post({ task: 'x' }, { ...authorization(), [name]: 'respond-async' })
    expect(response.statusCode).toBe(400)
    expect(response.json().errors[0].field.toLowerCase()).toBe(name)
  })

  it('needs the scope to run', async () => {
    expect((await post({ task: 'x' }, {})).statusCode).toBe(401)
    expect((await post({ task: 'x' }, authorization({ scopes: ['workflows:read'] }))).statusCode).toBe(403)
  })
})

describe('GET /v1/supervise/tools', () => {
  it('lists every tool with its kind and tier; none is offered without an orchestrator model', async () => {
    const { get } = await startService()
    const { tools } = (await get('/v1/supervise/tools')).json()
    expect(tools).toContainEqual({
      name: 'answer',
      kind: 'generator',
      description: expect.stringMatching(/\S/),
      default_tier: 'LOCAL_LARGE',
      offered: false,
    })
    expect(tools.some(({ offered }: { offered: boolean }) => offered)).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import { authorization, CHAT, CLINICAL, INSURANCE, STAY, startService, type TestService } from '../helpers/service.ts'

const post = ({ app }: TestService, payload: object | string, headers: object = authorization()) =>
  app.inject({
    method: 'POST',
    url: '/v1/workflows/discharge-summary',
    headers: { 'content-type': 'application/json', ...headers },
    payload,
  })

describe('POST /v1/workflows/discharge-summary', () => {
  it('answers its three fields as execute answers the workflow', async () => {
    const service = await startService()
    const short = (await post(service, STAY)).json()
    const long = (await service.execute({ workflow_type: 'discharge_summary', context: STAY })).json()
    expect(short).toMatchObject({ workflow_type: 'discharge_summary', status: 'succeeded', success: true })
    expect(Object.keys(short)).toEqual(Object.keys(long))
    expect(short.aggregated_content).toBe(long.aggregated_content)
  })

  it('takes patient data as any JSON, and further keys as context', async () => {
    const service = await startService()
    await post(service, { ...STAY, patient_data: { age: 63 }, code_status: 'Full code' })
    const prompt = service.simulator.ledger.entries[0]?.messages[1]?.content
    expect(prompt).toContain('age: 63')
    expect(prompt).toContain('<context name="code_status">Full code</context>')
  })

  it.each(['patient_data', 'admission_date', 'discharge_date'])('is 400 missing_context without %s', async (key) => {
    const service = await startService()
    for (const value of [undefined, null, '']) {
      const response = await post(service, { ...STAY, [key]: value })
      expect(response.json()).toMatchObject({
        status: 400,
        code: 'missing_context',
        errors: [{ field: `context.${key}` }],
      })
    }
    expect(service.simulator.ledger.received).toBe(0)
  })

  it.each(['[]', '"text"', 'null', '7'])('is 400 for a body that is no object: %s', async (body) => {
    expect((await post(await startService(), body)).json()).toMatchObject({ status: 400, code: 'invalid_request' })
  })

  it('streams events to whoever asks for them', async () => {
    const response = await post(await startService(), STAY, { ...authorization(), accept: 'text/event-stream' })
    expect(response.headers['content-type']).toContain('text/event-stream')
    expect(response.body).toContain('event: run.finished')
  })

  it('is 502 with the run when no task succeeds', async () => {
    const service = await startService()
    for (const model of [CLINICAL, INSURANCE, 'BiMediX2-8B', CHAT])
      service.server(model).setFaults(() => ({ kind: 'status', status: 400 }))
    expect((await post(service, STAY)).json()).toMatchObject({
      status: 502,
      code: 'run_failed',
      run: { workflow_type: 'discharge_summary', status: 'failed' },
    })
  })
})

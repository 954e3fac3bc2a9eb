import { describe, expect, it } from 'vitest'
import { CHAT, custom, startService } from '../helpers/service.ts'

describe('GET /health/live', () => {
  it('is 200 without a token', async () => {
    const { get } = await startService()
    const response = await get('/health/live', {})
    expect(response.statusCode).toBe(200)
    expect(response.json()).toEqual({ status: 'ok' })
  })
})

describe('GET /health/ready', () => {
  it('is 200 while work can be accepted', async () => {
    const { get } = await startService()
    const response = await get('/health/ready', {})
    expect(response.statusCode).toBe(200)
    expect(response.json()).toEqual({ status: 'ready', reasons: [], degraded: [] })
  })

  it('is 200 and names a model that cannot be reached as degraded', async () => {
    const service = await startService()
    await service.server(CHAT).refuse()
    await service.execute(custom([{ task_id: 'a' }]))
    const response = await service.get('/health/ready', {})
    expect(response.statusCode).toBe(200)
    expect(response.json()).toMatchObject({ status: 'ready', degraded: [CHAT] })
  })

  it('stays 200 when every model is unreachable: requests are still answered, and say so', async () => {
    const service = await startService()
    for (const { refuse } of service.simulator.servers.values()) await refuse()
    const agents = ['Clinical', 'MedicalQA', 'Billing', 'Triage', 'Chat']
    const response = await service.execute(custom(agents.map((agent_type) => ({ task_id: agent_type, agent_type }))))
    expect(response.json()).toMatchObject({ status: 502, code: 'run_failed' })
    const { degraded, status } = (await service.get('/health/ready', {})).json()
    expect(status).toBe('ready')
    expect(degraded).toHaveLength(5)
  })

  it('is 503 with the reason while the service shuts down, and new work is refused', async () => {
    const service = await startService({ env: { SHUTDOWN_GRACE_MS: '60000' } })
    const { ledger, setFaults } = service.server(CHAT)
    setFaults([{ kind: 'hang' }])
    const running = service.execute(custom([{ task_id: 'a' }]))
    await ledger.until(({ received }) => received === 1)
    const stopped = service.app.stop()
    const ready = await service.get('/health/ready', {})
    expect(ready.statusCode).toBe(503)
    expect(ready.json()).toMatchObject({ status: 'not_ready', reasons: ['The service is shutting down.'] })
    expect((await service.get('/health/live', {})).statusCode).toBe(200)
    const refused = await service.execute(custom([{ task_id: 'b' }]))
    expect(refused.json()).toMatchObject({ status: 503, code: 'not_ready' })
    expect(refused.headers).toHaveProperty('retry-after')
    await service.server(CHAT).refuse()
    expect((await running).json()).toMatchObject({ code: 'run_failed', run: { status: 'failed' } })
    await stopped
    expect(ledger.received).toBe(1)
  })
})

import { describe, expect, it } from 'vitest'
import type { Simulator } from '../../../simulator/simulate.ts'
import type { ExecuteResponse } from '../../../src/contract/result.ts'
import { CHAT, custom, run, startService } from '../../helpers/service.ts'
import { converse, type Told } from '../../helpers/stream.ts'

const ON_ONE_GPU = [
  { task_id: 'a', agent_type: 'Clinical' },
  { task_id: 'b', agent_type: 'MedicalQA' },
]

describe('a run that is measured', () => {
  it('shows that the sum overstates the gain where two agents slow each other down on one GPU', async () => {
    let simulator: Simulator | null = null
    const latencyMs = () => 200 * (simulator?.ledger.inFlight ?? 1)
    const service = await startService({ simulator: { latencyMs } })
    simulator = service.simulator
    const { metadata } = await run(service, custom(ON_ONE_GPU, { measure: 'sequential' }))
    const { measured, sequential_time_ms, speedup_factor } = metadata
    expect(measured?.complete).toBe(true)
    // 200 + 400 beside each other, 200 + 200 alone.
    expect(measured?.sequential_time_ms).toBeLessThan(sequential_time_ms - 100)
    expect(measured?.speedup_factor).toBeLessThan(speedup_factor)
  })

  it('tells on its stream that it is being measured, nothing of those tasks, and the numbers at the end', async () => {
    const service = await startService()
    const { rest } = await converse(service, custom([{ task_id: 'a' }], { measure: 'sequential' }))
    const events = await rest()
    const names = events.map(({ event }) => event).filter((event) => event !== 'task.delta')
    expect(names).toEqual([
      'run.started',
      'task.queued',
      'task.started',
      'task.succeeded',
      'run.measuring',
      'run.finished',
    ])
    const { metadata, total_latency_ms } = (events.at(-1) as Told).data as ExecuteResponse
    expect(metadata.measured?.complete).toBe(true)
    expect(events.at(-2)?.data).toEqual({ at_ms: total_latency_ms })
    expect(service.server(CHAT).ledger.received).toBe(2)
  })

  it('ends with its caller in the second pass too', async () => {
    const service = await startService()
    service.server(CHAT).setFaults([null, { kind: 'hang' }])
    const { next, leave } = await converse(service, custom([{ task_id: 'a' }], { measure: 'sequential' }))
    for (let told = await next(); told?.event !== 'run.measuring'; told = await next()) expect(told).not.toBeNull()
    await service.simulator.ledger.until(({ received }) => received === 2)
    leave()
    await service.simulator.ledger.idle()
    expect(service.simulator.ledger).toMatchObject({ received: 2, aborted: 1 })
    expect(await service.line('run ended')).toMatchObject({ status: 'succeeded', timed_out: false })
  })

  it('waits for permits as others do', async () => {
    const service = await startService({ simulator: { slots: 1, latencyMs: 20 } })
    const [measured, other] = await Promise.all([
      run(service, custom([{ task_id: 'a' }, { task_id: 'b' }], { measure: 'sequential' })),
      run(service, custom([{ task_id: 'c' }])),
    ])
    expect([measured.metadata.measured?.complete, other.status]).toEqual([true, 'succeeded'])
    expect(service.server(CHAT).ledger.maxInFlight).toBe(1)
  })
})

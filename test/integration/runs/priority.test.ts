import { describe, expect, it } from 'vitest'
import { CHAT, CLINICAL, custom, queued, STAY, startService, type TestService } from '../../helpers/service.ts'
import { hold } from '../../helpers/stream.ts'

/** Which of the texts each call at a model held, in the order of arrival, without the call that held the lane. */
const order = (service: TestService, model: string, texts: readonly string[]): (string | undefined)[] =>
  service
    .server(model)
    .ledger.entries.slice(1)
    .map(({ messages }) => texts.find((text) => messages.some(({ content }) => content.includes(text))))

describe('a full lane', () => {
  it('gives its permits to the highest priority first, then to whoever came first', async () => {
    const service = await startService({ simulator: { slots: 1 } })
    const release = await hold(service, CHAT, 'Chat')
    const priorities = [0, 3, 5, 1, 3, 4, 2, 5]
    const tasks = priorities.map((priority, at) => ({ task_id: `p${priority}n${at}`, priority }))
    const running = service.execute(custom(tasks))
    await queued(service, CHAT, tasks.length)
    await Promise.all([release(), running])
    expect(
      order(
        service,
        CHAT,
        tasks.map(({ task_id }) => task_id),
      ),
    ).toEqual(['p5n2', 'p5n7', 'p4n5', 'p3n1', 'p3n4', 'p2n6', 'p1n3', 'p0n0'])
  })

  it('does so across runs and workflows', async () => {
    const service = await startService({ simulator: { slots: 1 } })
    const release = await hold(service, CLINICAL, 'Clinical')
    const answers: Promise<unknown>[] = []
    const ask = async (body: object, waiting: number) => {
      answers.push(service.execute(body))
      await queued(service, CLINICAL, waiting)
    }
    await ask({ workflow_type: 'parallel_qa', context: { question: 'LOW question' } }, 1)
    await ask({ workflow_type: 'discharge_summary', context: { ...STAY, patient_data: 'MIDDLE stay' } }, 2)
    await ask({ workflow_type: 'comprehensive_assessment', context: { patient_case: 'HIGH case' } }, 3)
    await ask({ workflow_type: 'parallel_qa', context: { question: 'URGENT question' }, priority: 5 }, 4)
    await Promise.all([release(), ...answers])
    expect(order(service, CLINICAL, ['LOW', 'MIDDLE', 'HIGH', 'URGENT'])).toEqual(['URGENT', 'HIGH', 'MIDDLE', 'LOW'])
  })

  it('prefers the task on which more work waits when priorities are equal', async () => {
    const service = await startService({ simulator: { slots: 1 } })
    const release = await hold(service, CHAT, 'Chat')
    const tasks = [
      { task_id: 'leaf' },
      { task_id: 'root' },
      { task_id: 'after', dependencies: ['root'], agent_type: 'Clinical' },
    ]
    const running = service.execute(custom(tasks))
    await queued(service, CHAT, 2)
    await Promise.all([release(), running])
    expect(order(service, CHAT, ['Do leaf.', 'Do root.'])).toEqual(['Do root.', 'Do leaf.'])
  })

  it('lifts whoever has waited long, so that nobody starves', async () => {
    const latencyMs = (_: unknown, { id }: { id: string }) => (id === CLINICAL ? 20 : 0)
    const service = await startService({ env: { PRIORITY_AGING_MS: '1' }, simulator: { slots: 1, latencyMs } })
    const release = await hold(service, CHAT, 'Chat')
    const first = service.execute(custom([{ task_id: 'patient', priority: 0 }]))
    await queued(service, CHAT, 1)
    // 20 ms of another lane's work, by which time it has risen through all five classes.
    await service.execute(custom([{ task_id: 'meanwhile', agent_type: 'Clinical' }]))
    const second = service.execute(custom([{ task_id: 'urgent', priority: 5 }]))
    await queued(service, CHAT, 2)
    await Promise.all([release(), first, second])
    expect(order(service, CHAT, ['Do patient.', 'Do urgent.'])).toEqual(['Do patient.', 'Do urgent.'])
  })
})

describe('a run that needs a lane whose queue is full', () => {
  it('is refused whole with 503 before anything starts, while others go on', async () => {
    const service = await startService({ env: { LANE_QUEUE_MAX: '1' }, simulator: { slots: 1 } })
    const release = await hold(service, CHAT, 'Chat')
    const waiting = service.execute(custom([{ task_id: 'waits' }]))
    await queued(service, CHAT, 1)
    const { received } = service.simulator.ledger
    const both = custom([{ task_id: 'free', agent_type: 'Clinical' }, { task_id: 'full' }])
    const refused = await service.execute(both)
    expect(refused.json()).toMatchObject({ status: 503, code: 'overloaded' })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(service.simulator.ledger.received).toBe(received)
    expect((await service.execute(custom([{ task_id: 'free', agent_type: 'Clinical' }]))).statusCode).toBe(200)
    await release()
    expect((await waiting).json().status).toBe('succeeded')
  })

  it('is never half admitted: all tasks of an admitted run are queued, however many', async () => {
    const service = await startService({ env: { LANE_QUEUE_MAX: '1' }, simulator: { slots: 1 } })
    const tasks = Array.from({ length: 20 }, (_, at) => ({ task_id: `t${at}` }))
    const { status, results } = (await service.execute(custom(tasks))).json()
    expect([status, results.length]).toEqual(['succeeded', 20])
  })
})

import { describe, expect, it } from 'vitest'
import { CHAT, CLINICAL, custom, queued, run, startService } from '../../helpers/service.ts'
import { converse, hold, post } from '../../helpers/stream.ts'
import { rawReader, request } from './raw-reader.ts'

const tasks = [{ task_id: 'a' }, { task_id: 'b', agent_type: 'Clinical' }, { task_id: 'c', dependencies: ['a'] }]

async function hanging() {
  const service = await startService({ simulator: { slots: 1 } })
  service.server(CHAT).setFaults([{ kind: 'hang' }])
  service.server(CLINICAL).setFaults([{ kind: 'hang_body' }])
  return service
}

describe('a caller who goes away', () => {
  it('takes the run and its calls to the model servers along', async () => {
    const service = await hanging()
    const { leave, left } = await post(service, custom(tasks))
    await service.simulator.ledger.until(({ received }) => received === 2)
    leave()
    expect(await left).toBe('left')
    await service.simulator.ledger.idle()
    expect(service.simulator.ledger).toMatchObject({ received: 2, aborted: 2 })
    expect(await service.line('run ended')).toMatchObject({
      status: 'cancelled',
      errors: { cancelled: 3 },
      timed_out: false,
    })
  })

  it('does so from a stream too, and nothing is written to nobody', async () => {
    const service = await hanging()
    const { next, leave } = await converse(service, custom(tasks))
    expect((await next())?.event).toBe('run.started')
    await service.simulator.ledger.until(({ received }) => received === 2)
    leave()
    await service.simulator.ledger.idle()
    expect(service.simulator.ledger).toMatchObject({ received: 2, aborted: 2 })
    expect(await service.line('run ended')).toMatchObject({ status: 'cancelled' })
    expect(service.lines.filter(({ level }) => Number(level) >= 50)).toEqual([])
  })

  it('frees the permits for others at once', async () => {
    const service = await hanging()
    const { leave } = await post(service, custom(tasks))
    await service.simulator.ledger.until(({ received }) => received === 2)
    const waiting = service.execute(custom([{ task_id: 'next' }]))
    await queued(service, CHAT, 1)
    leave()
    expect((await waiting).json().status).toBe('succeeded')
    await service.line('run ended')
  })

  it('gives up a place in the queue, and no model is asked for it', async () => {
    const service = await hanging()
    const release = await hold(service, CHAT, 'Chat')
    const { leave } = await post(service, custom([{ task_id: 'waits' }]))
    await queued(service, CHAT, 1)
    leave()
    await queued(service, CHAT, 0)
    await release()
    expect(service.server(CHAT).ledger.received).toBe(1)
  })

  it('ends a back-off', async () => {
    const service = await startService()
    service.server(CHAT).setFaults([{ kind: 'status', status: 503, retry_after: '60' }])
    const { next, leave } = await converse(service, custom([{ task_id: 'a' }]))
    for (let event = await next(); event?.event !== 'task.retried'; event = await next()) expect(event).not.toBeNull()
    leave()
    expect(await service.line('run ended')).toMatchObject({ status: 'cancelled' })
    expect(service.server(CHAT).ledger.received).toBe(1)
  })

  it('is counted as a cancelled run, and has one line of its own', async () => {
    const service = await hanging()
    const { leave } = await post(service, custom(tasks))
    await service.simulator.ledger.until(({ received }) => received === 2)
    leave()
    await Promise.all([service.line('run ended'), service.line('request refused')])
    expect(service.lines.find(({ msg }) => msg === 'request refused')).toMatchObject({
      status: 499,
      code: 'caller_left',
    })
    const { body } = await service.get('/metrics', {})
    expect(body).toContain('consilium_workflow_runs_total{workflow="custom",status="cancelled"} 1')
  })

  it('does no harm after its run has ended', async () => {
    const service = await startService()
    const { rest, leave } = await converse(service, custom([{ task_id: 'a' }]))
    await rest()
    leave()
    expect((await run(service, custom([{ task_id: 'b' }]))).status).toBe('succeeded')
  })

  it('is one of fifty who leave at once: nothing stays behind', async () => {
    const service = await startService({ simulator: { slots: 4 } })
    service.server(CHAT).setFaults(() => ({ kind: 'hang' }))
    const callers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => converse(service, custom([{ task_id: `t${at}` }, { task_id: `u${at}` }]))),
    )
    await queued(service, CHAT, 96)
    for (const { leave } of callers) leave()
    await queued(service, CHAT, 0)
    await service.simulator.ledger.idle()
    service.server(CHAT).setFaults([])
    expect((await run(service, custom([{ task_id: 'next' }]))).status).toBe('succeeded')
  })

  it('stops the model servers within a second (C01)', async () => {
    const service = await hanging()
    const { leave } = await converse(service, custom(tasks))
    await service.simulator.ledger.until(({ received }) => received === 2)
    const left = performance.now()
    leave()
    await service.simulator.ledger.until(({ aborted }) => aborted === 2)
    expect(performance.now() - left).toBeLessThan(1000)
    await service.line('run ended')
  })

  // TCP says the same when a caller ends its half of the connection and when its process has gone.
  it('is also one who ends its half of the connection before the answer (C20)', async () => {
    const service = await hanging()
    const { port } = new URL(await service.listen())
    const { socket, closed } = rawReader(Number(port), request(custom(tasks)))
    await service.simulator.ledger.until(({ received }) => received === 2)
    socket.end()
    await service.simulator.ledger.until(({ aborted }) => aborted === 2)
    expect(await service.line('run ended')).toMatchObject({ status: 'cancelled' })
    expect(await closed).toBe('closed')
  })

  it('takes along all that it asked for on one connection (C20)', async () => {
    const service = await hanging()
    const { port } = new URL(await service.listen())
    const first = request(custom([{ task_id: 'a' }]))
    const { socket } = rawReader(Number(port), first + request(custom([{ task_id: 'b', agent_type: 'Clinical' }])))
    await service.simulator.ledger.until(({ received }) => received === 2)
    socket.destroy()
    await service.simulator.ledger.until(({ aborted }) => aborted === 2)
    await queued(service, CHAT, 0)
    const ended = () => service.lines.filter(({ msg, status }) => msg === 'run ended' && status === 'cancelled')
    await expect.poll(() => ended().length).toBe(2)
  })
})

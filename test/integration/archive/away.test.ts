import { describe, expect, it, onTestFinished } from 'vitest'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { authorization, CHAT, custom, startService } from '../../helpers/service.ts'
import { doorTo } from './door.ts'
import { ASYNC, ended, eventsOf, eventsUrl, submit, verified } from './runs.ts'

const two = custom([{ task_id: 'first' }, { task_id: 'second', dependencies: ['first'] }])

describe.runIf(postgresIsWanted)('PostgreSQL goes away while runs are at work', () => {
  async function arranged(env: Record<string, string> = {}) {
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    const door = await doorTo(database.url)
    const service = await startService({ env: { DATABASE_URL: door.url, ...env } })
    return { door, service, server: service.server(CHAT) }
  }

  it('new ones are refused with 503; one that was accepted ends when it is back, with a history without a gap', async () => {
    const { door, service, server } = await arranged()
    server.setFaults([{ kind: 'slow', ms: 300 }])
    const run_id = await submit(service, two)
    const watching = await fetch(`${await service.listen()}${eventsUrl(run_id)}`, {
      headers: { ...authorization(), accept: 'text/event-stream' },
    })
    await server.ledger.until(({ inFlight }) => inFlight === 1)
    await door.close()
    for (const headers of [{}, ASYNC, { 'idempotency-key': 'k' }]) {
      const refused = await service.execute(two, { ...authorization(), ...headers })
      expect([refused.statusCode, refused.json().code, Number(refused.headers['retry-after']) > 0]).toEqual([
        503,
        'not_ready',
        true,
      ])
    }
    expect((await service.get('/v1/runs')).statusCode).toBe(503)
    expect((await service.get('/health/ready', {})).statusCode).toBe(503)
    expect((await service.get('/health/live', {})).statusCode).toBe(200)
    // The run went on meanwhile: both of its tasks are done before anything can be recorded.
    await server.ledger.until(({ received, inFlight }) => received === 2 && inFlight === 0)
    await door.open()
    const view = await ended(service, run_id)
    expect(view.status).toBe('succeeded')
    const events = (await eventsOf(service, run_id)).filter(({ id }) => id !== null)
    expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => at + 1))
    // Whoever watched was not cut off.
    expect(await watching.text()).toContain('event: run.finished')
    expect(server.ledger.received).toBe(2)
    await expect.poll(async () => (await service.get('/health/ready', {})).statusCode).toBe(200)
    expect((await service.execute(two)).statusCode).toBe(200)
    expect(await verified(service)).toBe(true)
  })
  it('with JOURNAL=off too nothing is shown that is not in the audit', async () => {
    const { door, service, server } = await arranged({ JOURNAL: 'off' })
    await door.close()
    const stream = await service.execute(two, { ...authorization(), accept: 'text/event-stream' })
    expect([stream.statusCode, stream.json().code]).toEqual([503, 'not_ready'])
    expect(server.ledger.received).toBe(0)
    const plain = await service.execute(two)
    expect([plain.statusCode, plain.json().code]).toEqual([503, 'not_ready'])
    await server.ledger.idle()
    await door.open()
  })
})

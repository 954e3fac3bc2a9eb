import { describe, expect, it, onTestFinished } from 'vitest'
import { buildApp } from '../../../src/app.ts'
import { readEvents } from '../../../src/cli/events.ts'
import { parseConfig } from '../../../src/config.ts'
import { createLogger } from '../../../src/telemetry/log.ts'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { authorization, CHAT, custom, startService, type TestService } from '../../helpers/service.ts'
import { cancel, ended, eventsOf, eventsUrl, PLACES, read, type Sent, submit } from './runs.ts'

const two = custom([{ task_id: 'first' }, { task_id: 'second', dependencies: ['first'] }])
const KINDS = [
  'run.started',
  'task.queued',
  'task.started',
  'task.succeeded',
  'task.queued',
  'task.started',
  'task.succeeded',
  'run.finished',
]

/** What a history keeps. */
const kept = (events: readonly Sent[]) => events.filter(({ id }) => id !== null)
const briefly = (events: readonly Sent[]) => kept(events).map(({ id, event }) => [id, event])
const numbered = KINDS.map((event, at) => [at + 1, event])

/** Reads the events of a run from a service elsewhere, one by one. */
async function follow(origin: string, run_id: string, after: number | null = null) {
  const controller = new AbortController()
  const response = await fetch(`${origin}${eventsUrl(run_id)}`, {
    headers: {
      ...authorization(),
      accept: 'text/event-stream',
      ...(after !== null && { 'last-event-id': `${after}` }),
    },
    signal: controller.signal,
  })
  const events = readEvents(response.body as ReadableStream<Uint8Array>)
  const told: Sent[] = []
  const next = async (): Promise<Sent | null> => {
    const { value, done } = await events.next()
    if (done) return null
    const { id, event, data } = value
    const sent = { id: id === null ? null : Number(id), event, data: JSON.parse(data) }
    told.push(sent)
    return sent
  }
  return {
    response,
    told,
    next,
    until: async (event: string) => {
      for (let one = await next(); one !== null; one = await next()) if (one.event === event) return one
      throw new Error(`the stream ended without ${event}`)
    },
    rest: async () => {
      while ((await next()) !== null);
      return told
    },
    leave: () => controller.abort(),
  }
}

/** Lets the second task take its time. */
const slowly = (service: TestService, ms = 300) =>
  service.server(CHAT).setFaults([
    { kind: 'slow', ms: 0 },
    { kind: 'slow', ms },
  ])

describe.each(PLACES)('GET /v1/runs/{id}/events ($name)', ({ env }) => {
  it('tells the whole history of a run that has ended, and its end last', async () => {
    const service = await startService({ env: await env() })
    const run_id = await submit(service, two)
    const view = await ended(service, run_id)
    const events = await eventsOf(service, run_id)
    expect(events.map(({ id, event }) => [id, event])).toEqual(numbered)
    expect(events[0]?.data).toMatchObject({ run_id, tasks: [{ task_id: 'first' }, { task_id: 'second' }] })
    expect(events.at(-1)?.data).toMatchObject({ run_id, aggregated_content: view.aggregated_content })
  })

  it('goes on after Last-Event-ID, and tells whoever has the end nothing twice', async () => {
    const service = await startService({ env: await env() })
    const run_id = await submit(service, two)
    await ended(service, run_id)
    for (let after = 0; after <= KINDS.length; after++)
      expect(briefly(await eventsOf(service, run_id, after)), `after ${after}`).toEqual(numbered.slice(after))
    expect(briefly(await eventsOf(service, run_id, 999))).toEqual(numbered.slice(-1))
  })

  it('tells what comes as it comes, to all who watch, without a gap', async () => {
    const service = await startService({ env: await env() })
    slowly(service)
    const run_id = await submit(service, two)
    const origin = await service.listen()
    const watchers = await Promise.all([follow(origin, run_id), follow(origin, run_id), follow(origin, run_id, 2)])
    for (const { until } of watchers) await until('task.succeeded')
    const late = await follow(origin, run_id)
    const told = await Promise.all([...watchers, late].map(({ rest }) => rest()))
    expect(told.map(briefly)).toEqual([numbered, numbered, numbered.slice(2), numbered])
  })

  it('lets a reader go and come back, as often as it likes', async () => {
    const service = await startService({ env: await env() })
    slowly(service)
    const run_id = await submit(service, two)
    const origin = await service.listen()
    const all: Sent[] = []
    for (let over = false; !over; ) {
      const reader = await follow(origin, run_id, all.length)
      let one = await reader.next()
      while (one !== null && one.id === null) one = await reader.next()
      if (one !== null) all.push(one)
      over = one === null || one.event === 'run.finished'
      reader.leave()
    }
    expect(briefly(all)).toEqual(numbered)
    expect((await ended(service, run_id)).status).toBe('succeeded')
  })
})

describe('GET /v1/runs/{id}/events', () => {
  it('tells deltas to those who are there when they come, without an id and in their place', async () => {
    const service = await startService({ simulator: { tokensPerSecond: 100, reply: () => 'word '.repeat(100) } })
    const run_id = await submit(service, custom([{ task_id: 'first', max_tokens: 512 }]))
    const reader = await follow(await service.listen(), run_id)
    const told = await reader.rest()
    const places = told.map(({ event }) => event)
    expect(places.indexOf('task.delta')).toBeGreaterThan(places.indexOf('task.started'))
    expect(places.lastIndexOf('task.delta')).toBeLessThan(places.indexOf('task.succeeded'))
    expect(new Set(told.map(({ id, event }) => (event === 'task.delta' ? id : null)))).toEqual(new Set([null]))
    const heard = told.flatMap(({ event, data }) => (event === 'task.delta' ? [data.delta] : [])).join('')
    const whole = JSON.stringify(told.at(-1)?.data.results ?? null)
    expect(heard.trim()).toMatch(/^(word ){40}/)
    expect(whole).toContain(heard.trim())
  })

  it('is left without harm: the run goes on', async () => {
    const service = await startService()
    slowly(service)
    const run_id = await submit(service, two)
    const reader = await follow(await service.listen(), run_id)
    await reader.until('task.started')
    reader.leave()
    expect((await ended(service, run_id)).status).toBe('succeeded')
  })

  it.each(['-1', 'abc', '1.5', '9999999999'])('refuses Last-Event-ID %s', async (last) => {
    const service = await startService()
    const run_id = await submit(service, two)
    const headers = { ...authorization(), accept: 'text/event-stream', 'last-event-id': last }
    const answer = await service.get(eventsUrl(run_id), headers)
    expect(answer.json()).toMatchObject({ status: 400, errors: [{ field: 'Last-Event-ID' }] })
    await ended(service, run_id)
  })

  it('refuses a caller that takes no events', async () => {
    const service = await startService()
    const run_id = await submit(service, two)
    const answer = await service.get(eventsUrl(run_id), { ...authorization(), accept: 'application/json' })
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([406, 'application/problem+json'])
    expect(answer.json()).toMatchObject({ status: 406, code: 'not_acceptable', errors: [{ field: 'Accept' }] })
    for (const accept of ['*/*', 'text/*', 'application/json, text/event-stream;q=0.5'])
      expect((await service.get(eventsUrl(run_id), { ...authorization(), accept })).statusCode, accept).toBe(200)
    await ended(service, run_id)
  })

  it('of a run that is cancelled ends with it', async () => {
    const service = await startService()
    service.server(CHAT).setFaults([{ kind: 'hang' }])
    const run_id = await submit(service, two)
    const reader = await follow(await service.listen(), run_id)
    await reader.until('task.started')
    await cancel(service, run_id)
    const told = await reader.rest()
    expect(told.at(-1)).toMatchObject({ event: 'run.finished', data: { status: 'cancelled' } })
    expect(told.filter(({ event }) => event === 'task.skipped')).toHaveLength(2)
  })

  it('are what a stream with a key tells too, under the same numbers', async () => {
    const service = await startService()
    const answer = await service.execute(two, {
      ...authorization(),
      accept: 'text/event-stream',
      'idempotency-key': 'k',
    })
    const events = await read(answer.body)
    expect(briefly(events)).toEqual(numbered)
    const run_id = events[0]?.data.run_id as string
    expect(await eventsOf(service, run_id)).toEqual(kept(events))
  })
})

describe.runIf(postgresIsWanted)('GET /v1/runs/{id}/events of another process', () => {
  it('tells the history, then what comes, and hears of a request to cancel', async () => {
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    const service = await startService({ env: { DATABASE_URL: database.url } })
    const config = parseConfig(
      {
        NODE_ENV: 'test',
        JWT_SECRET: 'a secret of thirty-two bytes or more',
        MODELS_FILE: 'roster.json',
        DATABASE_URL: database.url,
      },
      () => JSON.stringify(service.simulator.roster),
    )
    const other = await buildApp(config, { log: createLogger('fatal') })
    onTestFinished(() => other.close())
    const origin = await other.listen({ host: '127.0.0.1', port: 0 })

    slowly(service, 2500)
    const run_id = await submit(service, two)
    const reader = await follow(origin, run_id)
    await reader.until('task.succeeded')
    expect(briefly(await reader.rest())).toEqual(numbered)

    service.server(CHAT).setFaults([{ kind: 'hang' }])
    const held = await submit(service, two)
    await service.server(CHAT).ledger.until(({ inFlight }) => inFlight === 1)
    const answer = await other.inject({ method: 'POST', url: `/v1/runs/${held}/cancel`, headers: authorization() })
    expect(answer.statusCode).toBe(202)
    expect((await (await follow(origin, held)).rest()).at(-1)?.data).toMatchObject({ status: 'cancelled' })
  })
})

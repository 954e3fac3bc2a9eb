import { describe, expect, it, onTestFinished } from 'vitest'
import { type Simulator, startSimulator } from '../../../simulator/simulate.ts'
import { readEvents } from '../../../src/cli/events.ts'
import type { RunList, RunView } from '../../../src/contract/runs.ts'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { bearer, claims, hmacToken } from '../../helpers/gate-tokens.ts'
import { type ServerProcess, startListening } from '../../helpers/process.ts'
import { CHAT, custom } from '../../helpers/service.ts'
import { newFolder } from '../store/folder.ts'

const headers = {
  ...bearer(hmacToken(claims({ scope: 'workflows:execute runs:read admin' }))),
  'content-type': 'application/json',
}
const chain = custom([
  { task_id: 'first' },
  { task_id: 'second', dependencies: ['first'] },
  { task_id: 'third', dependencies: ['second'] },
])

const KEY = { 'idempotency-key': 'order-1' }
/** Processes that start one after the other, and on PostgreSQL the time after which a run counts as left behind. */
const LONG = 90_000

type Server = ServerProcess & { origin: string }

const post = (server: Server, more: Record<string, string> = {}) =>
  fetch(`${server.origin}/v1/workflows/execute`, {
    method: 'POST',
    headers: { ...headers, ...more },
    body: JSON.stringify(chain),
  })

async function get<T>(server: Server, url: string): Promise<T> {
  return (await fetch(`${server.origin}${url}`, { headers })).json() as Promise<T>
}

const viewOf = (server: Server, run_id: string) => get<RunView>(server, `/v1/runs/${run_id}`)
const idsOf = async (server: Server): Promise<string[]> =>
  (await get<RunList>(server, '/v1/runs')).runs.map(({ run_id }) => run_id)

async function eventsOf(server: Server, run_id: string) {
  const response = await fetch(`${server.origin}/v1/runs/${run_id}/events`, {
    headers: { ...headers, accept: 'text/event-stream' },
  })
  const all: { id: string | null; event: string; data: Record<string, unknown> }[] = []
  for await (const { id, event, data } of readEvents(response.body as ReadableStream<Uint8Array>))
    all.push({ id, event, data: JSON.parse(data) })
  return all.filter(({ id }) => id !== null)
}

async function ended(server: Server, run_id: string): Promise<RunView> {
  await eventsOf(server, run_id)
  return viewOf(server, run_id)
}

const PLACES: readonly { name: string; place: () => Promise<Record<string, string>> }[] = [
  { name: 'SQLite', place: async () => ({ DATA_DIR: newFolder() }) },
  ...(postgresIsWanted
    ? [
        {
          name: 'PostgreSQL',
          place: async () => {
            const database = await createDatabase()
            onTestFinished(() => database.drop())
            return { DATABASE_URL: database.url }
          },
        },
      ]
    : []),
]

/** Model servers that outlive the service, and a way to start it on the same data again. */
async function arranged(place: () => Promise<Record<string, string>>) {
  const simulator = await startSimulator()
  onTestFinished(simulator.close)
  let isIll = true
  const { setFaults } = simulator.servers.get(CHAT) ?? expect.fail('no server')
  setFaults((_, { messages }) => (isIll && isSecond(messages) ? { kind: 'hang' } : null))
  const env = {
    ...(await place()),
    MODEL_PORTS: JSON.stringify(Object.fromEntries(simulator.roster.models.map(({ id, url }) => [id, url]))),
    SHUTDOWN_GRACE_MS: '100',
  }
  const heal = () => {
    isIll = false
  }
  return { simulator, start: () => startListening(env), heal }
}

/** Of each task, how often a model was asked for it. */
function callsOf({ ledger }: Simulator) {
  const calls = { first: 0, second: 0, third: 0 }
  for (const { messages } of ledger.entries) {
    const text = JSON.stringify(messages)
    for (const task of ['third', 'second', 'first'] as const)
      if (text.includes(`Do ${task}.`)) {
        calls[task]++
        break
      }
  }
  return calls
}

const isSecond = (messages: unknown): boolean =>
  /Do second\./.test(JSON.stringify(messages)) && !/Do third\./.test(JSON.stringify(messages))

/** Of so many runs the first task is done, and the second is in the hands of a model that does not answer. */
const midway = ({ ledger }: Simulator, runs = 1): Promise<void> =>
  ledger.until(({ received, inFlight }) => received === 2 * runs && inFlight === runs)

/** What is recorded follows what is done by a moment. */
const untilRecorded = async (server: Server, run_id: string): Promise<void> =>
  expect.poll(async () => (await viewOf(server, run_id)).results.length).toBe(1)

describe.each(PLACES)('a service that is stopped in the middle of work ($name)', ({ place }) => {
  it('gives back what somebody can ask for again, and the next one goes on with it: what was done is not done again', {
    timeout: LONG,
  }, async () => {
    const { simulator, start, heal } = await arranged(place)
    const first = await start()
    const accepted = await post(first, { prefer: 'respond-async' })
    expect(accepted.status).toBe(202)
    const { run_id } = (await accepted.json()) as { run_id: string }
    const waiting = post(first, KEY)
    await midway(simulator, 2)
    const ids = await idsOf(first)
    first.signal('SIGTERM')
    const cutOff = await waiting
    expect([cutOff.status, cutOff.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await cutOff.json()).toMatchObject({ code: 'not_ready', detail: expect.stringContaining('the same key') })
    expect(await first.ended).toEqual({ code: 0, signal: null })
    expect(first.err()).toBe('')
    expect(first.log().filter(({ level }) => Number(level) >= 50)).toEqual([])
    await simulator.ledger.idle()
    heal()

    const second = await start()
    expect(await (await post(second, KEY)).json()).toMatchObject({ status: 'succeeded' })
    const view = await ended(second, run_id)
    expect(view.results.map(({ task_id, status }) => [task_id, status])).toEqual([
      ['first', 'succeeded'],
      ['second', 'succeeded'],
      ['third', 'succeeded'],
    ])
    expect((await idsOf(second)).sort()).toEqual(ids.sort())
    expect(callsOf(simulator)).toEqual({ first: 2, second: 4, third: 2 })
    const events = await eventsOf(second, run_id)
    expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, at) => at + 1))
    expect(events.find(({ event }) => event === 'run.resumed')?.data).toEqual({ run_id, tasks_done: 1 })
    expect(events.filter(({ event }) => event === 'run.started')).toHaveLength(1)
    expect(events.filter(({ event }) => event === 'task.succeeded')).toHaveLength(3)
  })
})

describe.each(PLACES)('a service that is killed in the middle of work ($name)', ({ place }) => {
  it('loses no accepted run: with a key or asynchronous, each ends, and what was done is not done again', {
    timeout: LONG,
  }, async () => {
    const { simulator, start, heal } = await arranged(place)
    const first = await start()
    await post(first, { prefer: 'respond-async' })
    const cutOff = post(first, KEY).catch(() => null)
    await midway(simulator, 2)
    const ids = await idsOf(first)
    for (const run_id of ids) await untilRecorded(first, run_id)
    first.signal('SIGKILL')
    await first.ended
    expect(await cutOff).toBeNull()
    await simulator.ledger.idle()
    heal()

    const second = await start()
    for (const run_id of ids) expect((await ended(second, run_id)).status).toBe('succeeded')
    expect(callsOf(simulator)).toEqual({ first: 2, second: 4, third: 2 })
    const again = await post(second, KEY)
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true'])
    expect(ids).toContain(((await again.json()) as { run_id: string }).run_id)
    expect(simulator.ledger.received).toBe(8)
    const { entries } = await get<{ entries: { action: string; object: string }[] }>(second, '/v1/audit?limit=1000')
    const taken = entries.filter(({ action }) => action === 'run.take_over')
    expect(taken.map(({ object }) => object).sort()).toEqual(ids.map((id) => `run/${id}`).sort())
    expect((await get<{ ok: boolean }>(second, '/v1/audit/verify')).ok).toBe(true)
  })

  it('ends a run whose caller was cut off and has no key as cancelled, and asks no model for it', {
    timeout: LONG,
  }, async () => {
    const { simulator, start, heal } = await arranged(place)
    const first = await start()
    const answer = post(first).catch(() => null)
    await midway(simulator)
    const [run_id = ''] = await idsOf(first)
    first.signal('SIGKILL')
    await first.ended
    expect(await answer).toBeNull()
    await simulator.ledger.idle()
    heal()

    const second = await start()
    const view = await ended(second, run_id)
    expect(view).toMatchObject({ status: 'cancelled', success: false })
    expect(view.finished_at).not.toBeNull()
    expect(callsOf(simulator)).toEqual({ first: 1, second: 1, third: 0 })
  })
})

import { expect, it } from 'vitest'
import { authorization, CHAT, custom, startService, type TestService } from '../../helpers/service.ts'
import { newFolder } from '../store/folder.ts'
import { eventsOf, read, type Sent } from './runs.ts'

const STREAM = { accept: 'text/event-stream' }
const KEY = { 'idempotency-key': 'order-1' }
const two = custom([{ task_id: 'first' }, { task_id: 'second', dependencies: ['first'] }])
const asking = custom([{ task_id: 'first', requires_approval: true }])

const stream = async (service: TestService, body: object, more: Record<string, string> = {}): Promise<Sent[]> =>
  read((await service.execute(body, { ...authorization(), ...STREAM, ...more })).body)

const numbered = (events: readonly Sent[]) =>
  events.flatMap(({ id, event }) => (id === null ? [] : [[id, event] as const]))

const approve = async (service: TestService, run_id: string): Promise<void> => {
  const answer = await service.app.inject({
    method: 'POST',
    url: `/v1/runs/${run_id}/approval`,
    headers: authorization({ scopes: ['runs:approve'] }),
    payload: { decision: 'approve' },
  })
  expect(answer.statusCode, answer.body).toBe(200)
}

const runOf = (events: readonly Sent[]): string => `${events[0]?.data.run_id}`

it('a stream that ends because its run waits gives no number that the history gives to something else', async () => {
  const service = await startService()
  const told = await stream(service, asking)
  const parked = told.at(-1)
  expect(parked).toMatchObject({ event: 'run.parked', data: { status: 'awaiting_approval' } })
  await approve(service, runOf(told))
  const whole = await eventsOf(service, runOf(told))
  // Once the run has gone on: before, a number that it has not reached would be taken for its last.
  const rest = await eventsOf(service, runOf(told), parked?.id ?? -1)
  expect(rest[0]).toMatchObject({ event: 'run.approval_decided' })
  expect([...numbered(told.slice(0, -1)), ...numbered(rest)]).toEqual(numbered(whole))
})

it('so does one whose run is left to the next start of the service', async () => {
  const env = { DATA_DIR: newFolder() }
  const service = await startService({ env })
  const { ledger, setFaults } = service.server(CHAT)
  setFaults([{ kind: 'slow', ms: 0 }, { kind: 'hang' }])
  const streaming = stream(service, two, KEY)
  await ledger.until(({ received, inFlight }) => received === 2 && inFlight === 1)
  service.app.service.stopRuns()
  const told = await streaming
  const last = told.at(-1)
  expect(last).toMatchObject({ event: 'run.finished', data: { code: 'not_ready', status: 503 } })
  await service.app.close()

  const next = await startService({ env })
  const whole = await eventsOf(next, runOf(told))
  const rest = await eventsOf(next, runOf(told), last?.id ?? -1)
  expect(rest[0]).toMatchObject({ event: 'run.resumed' })
  expect([...numbered(told.slice(0, -1)), ...numbered(rest)]).toEqual(numbered(whole))
})

it('the end of a run is told again under its number in the history', async () => {
  const service = await startService()
  const told = await stream(service, two, KEY)
  const again = await stream(service, two, KEY)
  expect(numbered(again)).toEqual(numbered(told).slice(-1))
  expect(numbered(again)).toEqual(numbered(await eventsOf(service, runOf(told))).slice(-1))
  expect(await eventsOf(service, runOf(told), again[0]?.id ?? -1)).toEqual([])
})

it('whoever asks again for a run that waits has missed nothing but what a history tells from the beginning', async () => {
  const service = await startService()
  const told = await stream(service, asking, KEY)
  const again = await stream(service, asking, KEY)
  expect(numbered(again)).toEqual([[0, 'run.parked']])
  await approve(service, runOf(told))
  const whole = await eventsOf(service, runOf(told))
  expect(numbered(await eventsOf(service, runOf(told), 0))).toEqual(numbered(whole))
})

it('a run without a history counts its own events, and tells its end whatever of them somebody has', async () => {
  const service = await startService()
  const told = await stream(service, two)
  expect(told.map(({ id }) => id)).toEqual(told.map((_, at) => at + 1))
  expect(told.at(-1)?.event).toBe('run.finished')
  for (const { id } of told)
    expect(await eventsOf(service, runOf(told), id ?? -1)).toMatchObject([{ event: 'run.finished' }])
})

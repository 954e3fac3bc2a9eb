import { expect, onTestFinished, test } from 'vitest'
import { StoreError } from '../../../src/store/errors.ts'
import { type RawCall, startRawServer } from '../../helpers/raw-server.ts'
import { answer, dispatch, ended, NEVER_MS, openStore } from './subject.ts'

const AWAY = new StoreError('unavailable', 'Gone')

test('is woken at once by the end of a run', async () => {
  const store = await openStore()
  const server = await startRawServer(answer)
  const { dispatcher } = dispatch(store, { pollMs: NEVER_MS })
  const run = await ended(store, `http://127.0.0.1:${server.port}/`)
  dispatcher.wake()
  await run.settled({ status: 'delivered' })
})

test('finds by itself what another process has left', async () => {
  const store = await openStore()
  const server = await startRawServer(answer)
  dispatch(store)
  const run = await ended(store, `http://127.0.0.1:${server.port}/`)
  await run.settled({ status: 'delivered' })
})

test('two side by side send everything once', async () => {
  const store = await openStore()
  const server = await startRawServer(answer)
  const url = `http://127.0.0.1:${server.port}/`
  const runs = await Promise.all(Array.from({ length: 30 }, () => ended(store, url)))
  dispatch(store)
  dispatch(store)
  for (const run of runs) await run.settled({ status: 'delivered', attempts: 1 })
  const told = server.calls.map(({ headers }) => headers['webhook-id'])
  expect(told.sort()).toEqual(runs.map(({ run_id }) => `${run_id}_run_finished`).sort())
})

test('calls eight at once at most, and takes the others when one of them ends', async () => {
  const store = await openStore()
  const held: RawCall[] = []
  const server = await startRawServer((call) => void held.push(call))
  const url = `http://127.0.0.1:${server.port}/`
  const runs = await Promise.all(Array.from({ length: 10 }, () => ended(store, url)))
  dispatch(store, { pollMs: NEVER_MS })
  await server.call(7)
  const taken = await Promise.all(runs.map(({ delivery }) => delivery()))
  expect(taken.filter(({ attempts }) => attempts > 0)).toHaveLength(8)
  answer(held[0] as RawCall)
  answer(await server.call(8))
  for (const call of held.slice(1, 8)) answer(call)
  answer(await server.call(9))
  for (const run of runs) await run.settled({ status: 'delivered', attempts: 1 })
})

test('a process that died between taking and sending: another one sends when the lease is over', async () => {
  const store = await openStore()
  const server = await startRawServer(answer)
  const url = `http://127.0.0.1:${server.port}/`
  const lost = await ended(store, url)
  const died = Date.now()
  expect(await store.dueDeliveries(died, died + 60_000, 8)).toHaveLength(1)
  let now = died + 59_999
  dispatch(store, { now: () => now })
  const other = await ended(store, url)
  await other.settled({ status: 'delivered' })
  expect(await lost.delivery()).toMatchObject({ status: 'pending', attempts: 1 })
  now = died + 60_000
  await lost.settled({ status: 'delivered', attempts: 2 })
})

test('a process that died between sending and recording: it is sent again under the same webhook-id', async () => {
  const store = await openStore()
  const server = await startRawServer(answer)
  const run = await ended(store, `http://127.0.0.1:${server.port}/`)
  const dying = dispatch({
    dueDeliveries: (...asked) => store.dueDeliveries(...asked),
    failedDelivery: (...told) => store.failedDelivery(...told),
    delivered: () => Promise.reject(AWAY),
  })
  await expect.poll(() => dying.faults).toEqual([AWAY])
  await dying.dispatcher.stop()
  expect(await run.delivery()).toMatchObject({ status: 'pending', attempts: 1 })
  dispatch(store, { now: () => Date.now() + 61_000 })
  await run.settled({ status: 'delivered', attempts: 2 })
  const [first, second] = server.calls.map(({ headers, body }) => [headers['webhook-id'], body])
  expect(second).toEqual(first)
})

test('goes on when the store comes back, and tells of the outage once', async () => {
  const store = await openStore()
  const server = await startRawServer(answer)
  let failures = 0
  const { faults } = dispatch({
    dueDeliveries: (...asked) => (failures++ < 3 ? Promise.reject(AWAY) : store.dueDeliveries(...asked)),
    failedDelivery: (...told) => store.failedDelivery(...told),
    delivered: (...told) => store.delivered(...told),
  })
  const run = await ended(store, `http://127.0.0.1:${server.port}/`)
  await run.settled({ status: 'delivered' })
  expect(faults).toEqual([AWAY])
})

test('stopping waits for the calls in flight', async () => {
  const store = await openStore()
  const server = await startRawServer(() => undefined)
  const run = await ended(store, `http://127.0.0.1:${server.port}/`)
  const { dispatcher } = dispatch(store)
  const call = await server.call(0)
  const stopped = dispatcher.stop(NEVER_MS)
  answer(call)
  await stopped
  expect(await run.delivery()).toMatchObject({ status: 'delivered', attempts: 1 })
})

test('stopping waits for a question to the store, and for what came of it', async () => {
  const store = await openStore()
  const server = await startRawServer(answer)
  const run = await ended(store, `http://127.0.0.1:${server.port}/`)
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { dispatcher } = dispatch({
    async dueDeliveries(...due) {
      asked.resolve()
      await answered.promise
      return store.dueDeliveries(...due)
    },
    failedDelivery: (...told) => store.failedDelivery(...told),
    delivered: (...told) => store.delivered(...told),
  })
  await asked.promise
  const stopped = dispatcher.stop(NEVER_MS)
  answered.resolve()
  await stopped
  expect(await run.delivery()).toMatchObject({ status: 'delivered', attempts: 1 })
})

test('stopping gives up a call that does not end; it is sent again later', async () => {
  const store = await openStore()
  const server = await startRawServer(() => undefined)
  const run = await ended(store, `http://127.0.0.1:${server.port}/`)
  const { dispatcher, attempts } = dispatch(store)
  const call = await server.call(0)
  await dispatcher.stop(0)
  await call.closed
  expect(attempts).toEqual([])
  const { status, next_at, last_error, created_at } = await run.delivery()
  expect({ status, last_error }).toEqual({ status: 'pending', last_error: null })
  expect(next_at).toBeGreaterThanOrEqual(created_at + 60_000)
})

test('once stopped it sends nothing more, and can be stopped again', async () => {
  const store = await openStore()
  const server = await startRawServer(answer)
  const { dispatcher } = dispatch(store)
  await dispatcher.stop()
  const run = await ended(store, `http://127.0.0.1:${server.port}/`)
  dispatcher.wake()
  await dispatcher.stop()
  expect(await run.delivery()).toMatchObject({ attempts: 0 })
  onTestFinished(() => expect(server.connections()).toBe(0))
})

import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { Archive } from '../../../src/archive/archive.ts'
import { Orchestrator } from '../../../src/orchestrator.ts'
import type { Store } from '../../../src/store/port.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { createLogger } from '../../../src/telemetry/log.ts'
import { newRun, note } from '../../contracts/store-samples.ts'
import { FakePort, fakeShop } from '../../helpers/fake-port.ts'
import { office, request, task } from '../../helpers/plans.ts'
import { silent } from '../../helpers/silent-observer.ts'

const T = 'default'
const caller = { tenant: T, subject: 'nurse-1', request_id: null }
const asked = request({ custom_tasks: [task('a')] })

/** An archive whose model never answers; the first `held` call of its store waits until it is let go. */
async function subject(held: 'claim' | 'accept') {
  const store = openSqliteStore({ folder: null, keys: null })
  onTestFinished(() => store.close())
  await store.migrate()
  const reached = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const waiting = async () => {
    reached.resolve()
    await gate.promise
  }
  const slow: Store = {
    ...store,
    ...(held === 'claim' && { claim: async (...call) => waiting().then(() => store.claim(...call)) }),
    ...(held === 'accept' && { accept: async (...call) => waiting().then(() => store.accept(...call)) }),
  }
  const archive = new Archive({
    store: slow,
    orchestrator: new Orchestrator({
      office: office(),
      workshop: fakeShop(new FakePort()),
      observer: silent,
      run_timeout_ms: 3_600_000,
    }),
    log: createLogger('silent'),
    journal: true,
    exclusive: true,
    webhookHosts: null,
  })
  return { store, archive, reached: reached.promise, letGo: () => gate.resolve() }
}

test('a run that is being taken up when the service stops is given back, and the stop does not wait for its end', async () => {
  const { store, archive, reached, letGo } = await subject('claim')
  const run_id = randomUUID()
  await store.accept(
    newRun(T, { run_id, owner: null, request: { request: asked, timeline: false, keyed: false } }),
    note('run.create'),
  )
  await archive.start()
  await reached
  const stopped = archive.stop()
  letGo()
  await stopped
  expect(await store.run(T, run_id)).toMatchObject({ status: 'queued', owner: null, finished_at: null })
})

test('so is one whose acceptance is being written', async () => {
  const { store, archive, reached, letGo } = await subject('accept')
  const accepting = archive.execute(asked, { caller, respond_async: true })
  await reached
  archive.handOver()
  letGo()
  const answer = await accepting
  if (answer.kind !== 'accepted') throw new Error(`not accepted: ${answer.kind}`)
  const { run_id } = answer
  await expect.poll(() => store.run(T, run_id)).toMatchObject({ status: 'queued', owner: null, finished_at: null })
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { type DispatcherParts, WebhookDispatcher } from '../../../src/archive/webhooks/dispatcher.ts'
import type { WebhookAttempt } from '../../../src/contract/webhook.ts'
import type { Store } from '../../../src/store/port.ts'
import type { Change, Delivery, NewRun } from '../../../src/store/records.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { accepted, newTenant } from '../../contracts/store-samples.ts'
import { httpAnswer, type RawAnswer, type RawCall } from '../../helpers/raw-server.ts'

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjU'
export const NEVER_MS = 1_000_000

/** Ends the connection after the answer, as it was asked to. */
export const answer = (call: RawCall, given: RawAnswer = {}): void => void call.socket.end(httpAnswer(given))

export async function openStore(): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-webhooks-'))
  const store = openSqliteStore({ folder, keys: null })
  await store.migrate()
  onTestFinished(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  return store
}

/** A run that has ended and wants this URL to hear of it. Returns how its delivery stands. */
export async function ended(
  store: Store,
  webhook: string,
  given: Partial<NewRun> = {},
  endOf: (at: number) => Change = (at) => ({ at, finish: { status: 'succeeded', response: null } }),
) {
  const lease = await accepted(store, newTenant(), { webhook, at: Date.now(), ...given })
  await store.record(lease, endOf(Date.now()), null)
  const { tenant, run_id } = lease
  const delivery = async (): Promise<Delivery> => (await store.deliveries(tenant, run_id))[0] as Delivery
  return { run_id, delivery, settled: (expected: Partial<Delivery>) => expect.poll(delivery).toMatchObject(expected) }
}

/** Sends what is due until the test ends. Waits nothing between attempts; looks again every few ms. */
export function dispatch(store: DispatcherParts['store'], given: Partial<DispatcherParts> = {}) {
  const attempts: WebhookAttempt[] = []
  const faults: unknown[] = []
  const dispatcher = new WebhookDispatcher({
    store,
    secret: SECRET,
    hosts: ['127.0.0.1'],
    onAttempt: (attempt) => void attempts.push(attempt),
    onFault: (error) => void faults.push(error),
    pollMs: 5,
    timeoutMs: NEVER_MS,
    backoff: (count) => (count < 5 ? 0 : null),
    ...given,
  })
  dispatcher.start()
  onTestFinished(() => dispatcher.stop(0))
  return { dispatcher, attempts, faults }
}

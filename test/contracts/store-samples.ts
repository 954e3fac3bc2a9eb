import { randomUUID } from 'node:crypto'
import { UNTOUCHED } from '../../src/contract/outcome.ts'
import type { AuditNote } from '../../src/store/audit/entry.ts'
import type { Store } from '../../src/store/port.ts'
import type { Lease, NewRun } from '../../src/store/records.ts'

export const T0 = 1_795_000_000_000

/** A tenant that no other test uses. */
export const newTenant = (): string => `tenant-${randomUUID()}`

export const newRun = (tenant: string, given: Partial<NewRun> = {}): NewRun => ({
  tenant,
  run_id: randomUUID(),
  workflow_type: 'discharge_summary',
  mode: 'async',
  subject: 'dr-house',
  owner: 'replica-1',
  request: { workflow_type: 'discharge_summary', context: { patient_data: 'Chest pain since Monday.' } },
  request_hash: 'body-1',
  idempotency_key: null,
  webhook: null,
  at: T0,
  ...given,
})

export const note = (action: string, given: Partial<AuditNote> = {}): AuditNote => ({
  at: T0,
  actor: 'dr-house',
  action,
  object: 'run',
  ...given,
})

export const outcome = (content: string) => ({
  ...UNTOUCHED,
  status: 'succeeded' as const,
  ended_at_ms: 12.5,
  content,
  model: 'BioMistral-Clinical-7B',
  attempts: [],
})

/** Accepts a run and returns the right to write to it. */
export async function accepted(store: Store, tenant: string, given: Partial<NewRun> = {}): Promise<Lease> {
  const run = await store.accept(newRun(tenant, given), note('run.create'))
  if (run.kind !== 'created') throw new Error(`not created: ${run.kind}`)
  return run.lease
}

/** A run that has ended at a time. */
export async function finished(store: Store, tenant: string, at = T0): Promise<Lease> {
  const lease = await accepted(store, tenant, { at })
  await store.record(
    lease,
    { at, finish: { status: 'succeeded', response: { run_id: lease.run_id } } },
    note('run.finish'),
  )
  return lease
}

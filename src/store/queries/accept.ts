import { hash } from 'node:crypto'
import type { Db } from '../backend.ts'
import type { Clinical } from '../clinical.ts'
import type { Accepted, NewRun } from '../records.ts'
import { type Given, statement } from '../statement.ts'
import { storable } from '../text.ts'
import { insertion } from './insertion.ts'
import { RECORD } from './runs.ts'

/** Keys are the callers' words, of any length: what is kept is their hash. */
export const keyHash = (key: string): string => hash('sha256', JSON.stringify(key))

const ofKey = statement((db, given: Given<{ tenant: string; key_hash: string }>) =>
  db
    .selectFrom('idempotency_keys')
    .select(['run_id', 'body_hash'])
    .where(
      'tenant',
      '=',
      given(({ tenant }) => tenant),
    )
    .where(
      'key_hash',
      '=',
      given(({ key_hash }) => key_hash),
    ),
)

export async function idempotent(db: Db, tenant: string, key: string) {
  const { rows } = await ofKey(db, { tenant, key_hash: keyHash(key) })
  return rows[0] ?? null
}

const insertKey = insertion('idempotency_keys', ['tenant', 'key_hash', 'body_hash', 'run_id', 'created_at'], (insert) =>
  insert.onConflict((oc) => oc.columns(['tenant', 'key_hash']).doNothing()).returning('run_id'),
)

/** Takes the key for this run. Null when it did; else whose it is. Waits for a transaction that is taking it now. */
async function takeKey(trx: Db, run: NewRun, key: string): Promise<Exclude<Accepted, { kind: 'created' }> | null> {
  const { tenant, run_id, request_hash } = run
  const row = { tenant, key_hash: keyHash(key), body_hash: request_hash, run_id, created_at: run.at }
  const taken = await insertKey(trx, [row])
  if (taken.length > 0) return null
  const kept = await idempotent(trx, tenant, key)
  // Deleted by retention between the two statements.
  if (kept === null) return takeKey(trx, run, key)
  return { kind: kept.body_hash === request_hash ? 'replayed' : 'mismatch', run_id: kept.run_id }
}

const insertRun = insertion('runs', [...RECORD, 'request', 'response', 'webhook'], (insert) => insert)

export async function accept(trx: Db, clinical: Clinical, run: NewRun): Promise<Accepted> {
  const { tenant, run_id, at } = run
  const earlier = run.idempotency_key === null ? null : await takeKey(trx, run, run.idempotency_key)
  if (earlier !== null) return earlier
  // A run for which somebody waits is begun with its acceptance, and no write of its own says so.
  const isBegun = run.mode === 'sync' && run.owner !== null
  await insertRun(trx, [
    {
      tenant,
      run_id: storable('run_id', run_id),
      workflow_type: storable('workflow_type', run.workflow_type),
      mode: run.mode,
      subject: storable('subject', run.subject),
      status: isBegun ? 'running' : 'queued',
      epoch: 1,
      owner: run.owner,
      request_hash: run.request_hash,
      created_at: at,
      started_at: isBegun ? at : null,
      finished_at: null,
      touched_at: at,
      cancel_requested_at: null,
      last_event_id: 0,
      request: clinical.seal(run.request, 'runs.request', tenant, run_id),
      response: null,
      webhook: run.webhook === null ? null : clinical.seal(run.webhook, 'runs.webhook', tenant, run_id),
    },
  ])
  return { kind: 'created', lease: { tenant, run_id, epoch: 1 } }
}

import { SERVICE_CHAIN } from '../contract/audit.ts'
import type { AuditEntry, AuditNote } from './audit/entry.ts'
import type { Backend, Db } from './backend.ts'
import type { Clinical } from './clinical.ts'
import type { Store } from './port.ts'
import { accept, idempotent } from './queries/accept.ts'
import { approval, approvals, decide, expire, overdue, requeueDecided, waitingApprovals } from './queries/approvals.ts'
import { auditHead, auditHeads, auditLinks } from './queries/audit.ts'
import { auditStrays, auditTenants } from './queries/audit-tenants.ts'
import { atWork, claim, heartbeat, requestCancel, unfinished } from './queries/claims.ts'
import { delivered, deliveries, dueDeliveries, failedDelivery } from './queries/deliveries.ts'
import {
  addDocument,
  countDocuments,
  listDocuments,
  readDocument,
  removeDocuments,
  tenantsWithOlderDocuments,
} from './queries/memory.ts'
import { nearestPassages } from './queries/nearest.ts'
import { record } from './queries/record.ts'
import { deleteFinished, NOTHING, oldestFinished, tenantsWithFinished } from './queries/retention.ts'
import { events, progress, run, runs, tasks } from './queries/runs.ts'
import { reserve, settle, spendingOn } from './queries/spending.ts'
import { tryWrite } from './queries/try-write.ts'
import type { Approval, Deleted } from './records.ts'
import { storable } from './text.ts'
import { createVectorCache, keyOf } from './vectors.ts'

/** The queries that both databases share, behind the port. */
export function createSqlStore(backend: Backend, clinical: Clinical): Store {
  const { read, across } = backend
  const cache = createVectorCache()

  /** Does and records in one transaction. A refusal is recorded too: somebody tried. */
  const audited = <T extends { ok: boolean; reason?: string }>(
    tenant: string,
    audit: AuditNote | null,
    work: (trx: Db) => Promise<T>,
  ): Promise<T> =>
    backend.write(storable('tenant', tenant), async (trx, trail) => {
      const result = await work(trx)
      if (audit !== null) trail.push({ ...audit, outcome: result.ok ? 'ok' : `refused: ${result.reason}` })
      return result
    })

  return {
    accept: (asked, audit) =>
      backend.write(storable('tenant', asked.tenant), async (trx, trail) => {
        const accepted = await accept(trx, clinical, asked)
        // Under the name of the run that the key stands for: the one that was asked for is none.
        const object =
          accepted.kind === 'created' ? audit.object : audit.object.replace(asked.run_id, () => accepted.run_id)
        trail.push({ ...audit, object, outcome: accepted.kind === 'created' ? 'ok' : accepted.kind })
        return accepted
      }),
    record: (lease, change, audit) => audited(lease.tenant, audit, (trx) => record(trx, clinical, lease, change)),
    claim: (seen, owner, at, audit) => audited(seen.tenant, audit, (trx) => claim(trx, seen, owner, at)),
    release: (lease, at) => audited(lease.tenant, null, (trx) => claim(trx, lease, null, at)),
    requestCancel: (tenant, runId, audit) =>
      audited(tenant, audit, (trx) => requestCancel(trx, tenant, runId, audit.at)),
    heartbeat: (owner, at) => across((db) => heartbeat(db, owner, at)),

    run: (tenant, runId) => read(tenant, (db) => run(db, clinical, tenant, runId)),
    runs: (tenant, filter) => read(tenant, (db) => runs(db, tenant, filter)),
    tasks: (tenant, runId) => read(tenant, (db) => tasks(db, clinical, tenant, runId)),
    events: (tenant, runId, afterId, limit) =>
      read(tenant, (db) => events(db, clinical, tenant, runId, { afterId, limit })),
    idempotent: (tenant, key) => read(tenant, (db) => idempotent(db, tenant, key)),
    unfinished: (query) => across((db) => unfinished(db, query)),
    atWork: (owner, most) => across((db) => atWork(db, owner, most)),
    progress: (runs) => across((db) => progress(db, runs)),

    approval: (tenant, id) => read(tenant, (db) => approval(db, clinical, tenant, id)),
    approvals: (tenant, runId) => read(tenant, (db) => approvals(db, clinical, tenant, runId)),
    decide: (tenant, id, decision, audit) =>
      audited(tenant, audit, (trx) => decide(trx, clinical, tenant, id, decision)),
    waitingApprovals: () => across(waitingApprovals),
    requeueDecided: (at) => across((db) => requeueDecided(db, at)),
    async expireApprovals(at, limit, auditOf) {
      const ended: { tenant: string; approval: Approval }[] = []
      for (const { tenant, approval_id } of await across((db) => overdue(db, at, limit))) {
        const expired = await backend.write(tenant, async (trx, trail) => {
          const one = await expire(trx, clinical, tenant, approval_id, at)
          if (one !== null) trail.push({ ...auditOf(tenant, approval_id), outcome: 'ok' })
          return one
        })
        if (expired !== null) ended.push({ tenant, approval: expired })
      }
      return ended
    },

    deliveries: (tenant, runId) => read(tenant, (db) => deliveries(db, tenant, runId)),
    dueDeliveries: (at, leasedUntil, limit) => across((db) => dueDeliveries(db, clinical, { at, leasedUntil, limit })),
    delivered: (delivery, at) => backend.write(delivery.tenant, (trx) => delivered(trx, delivery, at)),
    failedDelivery: (delivery, error, nextAt) =>
      backend.write(delivery.tenant, (trx) => failedDelivery(trx, delivery, error, nextAt)),

    async deleteFinished(before, limit, auditOf) {
      const total: Deleted = { ...NOTHING }
      for (const tenant of await across((db) => tenantsWithFinished(db, before))) {
        const deleted = await backend.write(tenant, async (trx, trail) => {
          const counts = await deleteFinished(trx, tenant, before, limit)
          const audit = auditOf(tenant)
          if (counts.runs > 0) trail.push({ ...audit, outcome: 'ok', details: { ...audit.details, ...counts } })
          return counts
        })
        for (const table of Object.keys(total) as (keyof Deleted)[]) total[table] += deleted[table]
      }
      return total
    },
    oldestFinished: () => across(oldestFinished),

    note: (tenant, entries, { lazy } = { lazy: false }) =>
      backend.write(storable('tenant', tenant), async (_, trail: AuditEntry[]) => void trail.push(...entries), lazy),
    auditLinks: (tenant, afterSeq, limit) => read(tenant, (db) => auditLinks(db, tenant, afterSeq, limit)),
    auditHead: (tenant) => read(tenant, (db) => auditHead(db, tenant)),
    async auditHeads() {
      const heads = await across(auditHeads)
      await backend.settled()
      return heads
    },
    auditTenants: () => across((db) => auditTenants(db, backend.takesAnyType ?? false)),
    auditStrays: (tenant) =>
      backend.takesAnyType ? read(tenant, (db) => auditStrays(db, tenant)) : Promise.resolve(false),

    addDocument: (tenant, document) =>
      backend.write(storable('tenant', tenant), (trx) => addDocument(trx, clinical, tenant, document)),
    nearestPassages: (tenant, question) => nearestPassages({ backend, clinical, cache }, tenant, question),
    listDocuments: (tenant, collection, page) =>
      read(tenant, (db) => listDocuments(db, clinical, tenant, { collection, ...page })),
    readDocument: (tenant, collection, id) =>
      read(tenant, (db) => readDocument(db, clinical, tenant, { collection, id })),
    async removeDocuments(tenant, collection, which, limit) {
      const { ids, ...counts } = await backend.write(tenant, (trx) =>
        removeDocuments(trx, tenant, { collection, which, limit }),
      )
      for (const id of ids) cache.delete(keyOf(tenant, id))
      return { ...counts, more: ids.length === limit }
    },
    tenantsWithOlderDocuments: (collection, before) =>
      across((db) => tenantsWithOlderDocuments(db, collection, before)),
    countDocuments: (tenant, collection) => read(tenant, (db) => countDocuments(db, tenant, collection)),

    reserveSpending: (tenant, bounds, amount) => backend.write(tenant, (trx) => reserve(trx, bounds, amount)),
    settleSpending: (tenant, bounds, amount, spent) =>
      backend.write(tenant, (trx) => settle(trx, bounds, amount, spent)),
    spendingOn: (tenant, day) => read(tenant, (db) => spendingOn(db, tenant, day)),

    migrate: backend.migrate,
    schema: backend.schema,
    ping: backend.ping,
    tryWrite: () => backend.write(SERVICE_CHAIN, tryWrite),
    close: backend.close,
  }
}

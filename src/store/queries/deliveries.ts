import { sql } from 'kysely'
import type { RunStatus } from '../../contract/status.ts'
import type { WebhookEventName } from '../../contract/webhook.ts'
import type { Db } from '../backend.ts'
import type { Clinical } from '../clinical.ts'
import { StoreError } from '../errors.ts'
import type { Delivery, DeliveryKey, DueDelivery, Lease } from '../records.ts'

const KEY = ['tenant', 'run_id', 'event'] as const

/** Due at once. The key makes it the only one of its kind of this run. */
export async function insertDelivery(
  trx: Db,
  { tenant, run_id }: Lease,
  event: WebhookEventName,
  at: number,
): Promise<void> {
  await trx
    .insertInto('webhook_deliveries')
    .values({
      tenant,
      run_id,
      event,
      status: 'pending',
      attempts: 0,
      next_at: at,
      last_error: null,
      created_at: at,
      delivered_at: null,
    })
    .execute()
}

export const deliveries = (db: Db, tenant: string, runId: string): Promise<Delivery[]> =>
  db
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('run_id', '=', runId)
    .orderBy('created_at')
    .orderBy('event')
    .execute()

export interface Due {
  at: number
  leasedUntil: number
  limit: number
}

/** Keys of deliveries that are now this process's. */
const take = (db: Db, { at, leasedUntil, limit }: Due) =>
  db
    .updateTable('webhook_deliveries')
    .set({ next_at: leasedUntil, attempts: sql<number>`attempts + 1` })
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple(...KEY),
        'in',
        selectFrom('webhook_deliveries')
          .select(KEY)
          .where('status', '=', 'pending')
          .where('next_at', '<=', at)
          .orderBy('next_at')
          .limit(limit)
          .$asTuple(...KEY),
      ),
    )
    // Once more: who waited here for another replica sees the row as that one left it.
    .where('status', '=', 'pending')
    .where('next_at', '<=', at)
    .returning([...KEY, 'attempts', 'created_at'])
    .execute()

function whereTo(clinical: Clinical, tenant: string, runId: string, bytes: Uint8Array): DueDelivery['webhook'] {
  try {
    return { url: clinical.open(bytes, 'runs.webhook', tenant, runId) as string }
  } catch (error) {
    // One URL that does not open must not keep the others from being sent.
    if (error instanceof StoreError) return { fault: error.fault }
    throw error
  }
}

export async function dueDeliveries(db: Db, clinical: Clinical, due: Due): Promise<DueDelivery[]> {
  const taken = await take(db, due)
  if (taken.length === 0) return []
  const runs = await db
    .selectFrom('runs')
    .select(['tenant', 'run_id', 'workflow_type', 'status', 'webhook'])
    .where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple('tenant', 'run_id'),
        'in',
        taken.map(({ tenant, run_id }) => tuple(tenant, run_id)),
      ),
    )
    .execute()
  return taken.flatMap((delivery) => {
    const { tenant, run_id } = delivery
    const run = runs.find((one) => one.tenant === tenant && one.run_id === run_id)
    // Deleted by retention between the two statements.
    if (run === undefined || run.webhook === null) return []
    const webhook = whereTo(clinical, tenant, run_id, run.webhook)
    // A delivery is made by the end of its run.
    return [{ ...delivery, workflow_type: run.workflow_type, run_status: run.status as RunStatus, webhook }]
  })
}

const one = (trx: Db, { tenant, run_id, event }: DeliveryKey) =>
  trx
    .updateTable('webhook_deliveries')
    .where('tenant', '=', tenant)
    .where('run_id', '=', run_id)
    .where('event', '=', event)

export async function delivered(trx: Db, delivery: DeliveryKey, at: number): Promise<void> {
  await one(trx, delivery)
    .set({ status: 'delivered', delivered_at: sql<number>`coalesce(delivered_at, ${at})`, next_at: null })
    .execute()
}

export async function failedDelivery(
  trx: Db,
  delivery: DeliveryKey & { attempts: number },
  error: string,
  nextAt: number | null,
): Promise<void> {
  await one(trx, delivery)
    .set({ last_error: error, next_at: nextAt, ...(nextAt === null && { status: 'given_up' as const }) })
    .where('attempts', '=', delivery.attempts)
    .where('status', '=', 'pending')
    .execute()
}

import { z } from 'zod'
import type { Outcome } from '../../contract/outcome.ts'
import type { Db } from '../backend.ts'
import type { Clinical } from '../clinical.ts'
import { StoreError } from '../errors.ts'
import type { Progress, RunDetail, RunFilter, RunRecord, StoredEvent, TaskRecord } from '../records.ts'

/** Everything but clinical text. */
export const RECORD = [
  'tenant',
  'run_id',
  'workflow_type',
  'mode',
  'subject',
  'status',
  'epoch',
  'owner',
  'request_hash',
  'created_at',
  'started_at',
  'finished_at',
  'touched_at',
  'cancel_requested_at',
  'last_event_id',
] as const

export async function run(db: Db, clinical: Clinical, tenant: string, runId: string): Promise<RunDetail | null> {
  const row = await db
    .selectFrom('runs')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('run_id', '=', runId)
    .executeTakeFirst()
  if (row === undefined) return null
  const { webhook: _, ...rest } = row
  return {
    ...rest,
    request: clinical.open(row.request, 'runs.request', tenant, runId),
    response: row.response && clinical.open(row.response, 'runs.response', tenant, runId),
  }
}

const Cursor = z.tuple([z.int(), z.string()])
const cursorOf = ({ created_at, run_id }: RunRecord): string =>
  Buffer.from(JSON.stringify([created_at, run_id])).toString('base64url')

function readCursor(cursor: string): [at: number, runId: string] {
  try {
    return Cursor.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    throw new StoreError('bad_cursor', 'The cursor is none that this service gave out')
  }
}

/** Newest first. */
export async function runs(db: Db, tenant: string, filter: RunFilter) {
  const limit = Math.min(Math.max(filter.limit, 1), 1000)
  let query = db.selectFrom('runs').select(RECORD).where('tenant', '=', tenant)
  if (filter.status !== undefined) query = query.where('status', '=', filter.status)
  if (filter.workflow_type !== undefined) query = query.where('workflow_type', '=', filter.workflow_type)
  if (filter.cursor !== undefined) {
    const [at, id] = readCursor(filter.cursor)
    query = query.where(({ eb, or, and }) =>
      or([eb('created_at', '<', at), and([eb('created_at', '=', at), eb('run_id', '<', id)])]),
    )
  }
  const found = await query
    .orderBy('created_at', 'desc')
    .orderBy('run_id', 'desc')
    .limit(limit + 1)
    .execute()
  const page = found.slice(0, limit)
  return { runs: page, next_cursor: found.length > limit ? cursorOf(page.at(-1) as RunRecord) : null }
}

export async function tasks(db: Db, clinical: Clinical, tenant: string, runId: string): Promise<TaskRecord[]> {
  const rows = await db
    .selectFrom('tasks')
    .select(['task_id', 'epoch', 'recorded_at', 'attempts', 'outcome'])
    .where('tenant', '=', tenant)
    .where('run_id', '=', runId)
    .orderBy('recorded_at')
    .orderBy('task_id')
    .execute()
  return rows.map(({ task_id, epoch, recorded_at, attempts, outcome }) => ({
    task_id,
    epoch,
    recorded_at,
    outcome: {
      ...(clinical.open(outcome, 'tasks.outcome', tenant, runId, task_id) as Outcome),
      attempts: JSON.parse(attempts),
    },
  }))
}

export async function events(
  db: Db,
  clinical: Clinical,
  tenant: string,
  runId: string,
  { afterId, limit }: { afterId: number; limit: number },
): Promise<StoredEvent[]> {
  const rows = await db
    .selectFrom('events')
    .select(['id', 'event', 'at', 'data'])
    .where('tenant', '=', tenant)
    .where('run_id', '=', runId)
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ ...row, data: clinical.open(row.data, 'events.data', tenant, runId, `${row.id}`) }))
}

/** So many runs in one statement: their ids are its parameters. */
const PROGRESS_AT_ONCE = 500

export async function progress(db: Db, runs: readonly Pick<RunRecord, 'tenant' | 'run_id'>[]): Promise<Progress[]> {
  const found: Progress[] = []
  for (let from = 0; from < runs.length; from += PROGRESS_AT_ONCE) {
    const byTenant = Map.groupBy(runs.slice(from, from + PROGRESS_AT_ONCE), ({ tenant }) => tenant)
    const rows = await db
      .selectFrom('runs')
      .select(['tenant', 'run_id', 'last_event_id', 'finished_at'])
      .where(({ eb, and, or }) =>
        or(
          Array.from(byTenant, ([tenant, some]) =>
            and([
              eb('tenant', '=', tenant),
              eb(
                'run_id',
                'in',
                some.map(({ run_id }) => run_id),
              ),
            ]),
          ),
        ),
      )
      .execute()
    found.push(...rows)
  }
  return found
}

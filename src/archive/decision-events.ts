import type { RunEvent } from '../contract/events.ts'
import type { Store } from '../store/port.ts'
import type { Approval } from '../store/records.ts'

const PAGE = 500

type Told = Extract<RunEvent, { event: 'run.approval_decided' }>

async function* historyOf(store: Pick<Store, 'events'>, tenant: string, run_id: string) {
  for (let last = 0; ; ) {
    const page = await store.events(tenant, run_id, last, PAGE)
    yield* page
    if (page.length < PAGE) return
    last = page.at(-1)?.id ?? last
  }
}

/**
 * The decisions that the history of a run does not hold yet, as events in the order in which they were made. A decision
 * is told by whoever goes on with the run: nobody else may write its history.
 */
export async function decisionsToTell(
  store: Pick<Store, 'events'>,
  { tenant, run_id }: { tenant: string; run_id: string },
  approvals: readonly Approval[],
): Promise<RunEvent[]> {
  const made = approvals.filter(({ status }) => status !== 'pending')
  if (made.length === 0) return []
  const told = new Set<string>()
  for await (const { event, data } of historyOf(store, tenant, run_id))
    if (event === 'run.approval_decided') told.add((data as Told['data']).approval_id)
  return made
    .filter(({ approval_id }) => !told.has(approval_id))
    .sort((a, b) => (a.decided_at ?? 0) - (b.decided_at ?? 0))
    .map(({ approval_id, task_id, status }) => ({
      event: 'run.approval_decided',
      data: { approval_id, task_id, status },
    }))
}

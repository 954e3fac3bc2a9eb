import { setTimeout as pause } from 'node:timers/promises'
import type { AuditEntryView, AuditPage } from '../../src/contract/audit.ts'
import type { RunList, RunSummary } from '../../src/contract/runs.ts'
import { type Client, headersOf, TENANTS } from './client.ts'
import { ask } from './http.ts'

const AT_ONCE = 6

/** What the service says of itself once nothing is at work any more. */
export interface Inspection {
  /** Runs that it lists. */
  listed: number
  /** Broken promises, in sentences. */
  broken: string[]
  audit_entries: number
  audit_ok: boolean
}

async function must(url: string, tenant: string): Promise<unknown> {
  const answer = await ask(url, { headers: headersOf(tenant) })
  if (answer?.status !== 200) throw new Error(`${url} was answered with ${answer?.status ?? 'nothing'}`)
  return answer.body
}

async function pages<Page extends { next_cursor: string | null }>(url: string, tenant: string): Promise<Page[]> {
  const all: Page[] = []
  for (let cursor: string | null = ''; cursor !== null; cursor = all.at(-1)?.next_cursor ?? null)
    all.push((await must(`${url}?limit=1000${cursor && `&cursor=${cursor}`}`, tenant)) as Page)
  return all
}

/** Takeover takes up to 15 s, and then a run needs its time. */
const PATIENCE_MS = 45_000

/**
 * Every run of a tenant, once each has its end. Those that somebody heard of have theirs by now; one whose caller was struck
 * before it heard anything may only just have been taken over. After the patience as they are: without an end is a finding.
 */
async function runsOf(origin: string, tenant: string): Promise<RunSummary[]> {
  const until = performance.now() + PATIENCE_MS
  for (;;) {
    const runs = (await pages<RunList>(`${origin}/v1/runs`, tenant)).flatMap((page) => page.runs)
    if (runs.every(({ finished_at }) => finished_at !== null) || performance.now() > until) return runs
    await pause(500)
  }
}

interface Told {
  id: number
  event: string
  data: { task_id?: string }
}

const readEvents = (stream: string): Told[] =>
  stream
    .split('\n\n')
    .map((block) => Object.fromEntries(block.split('\n').map((line) => line.split(/: ?(.*)/s, 2))))
    .filter(({ event }) => event !== undefined)
    .map(({ id, event, data }) => ({ id: Number(id), event, data: JSON.parse(data) }))

/** A history without gaps, in which no task is accepted twice and only the last event ends the run. */
async function judgeHistory(origin: string, { run_id, tenant }: { run_id: string; tenant: string }): Promise<string[]> {
  const stream = await must(`${origin}/v1/runs/${run_id}/events`, tenant)
  const events = readEvents(String(stream))
  const succeeded = events.filter(({ event }) => event === 'task.succeeded').map(({ data }) => data.task_id)
  return [
    ...(events.every(({ id }, index) => id === index + 1) ? [] : [`the history of ${run_id} has a gap`]),
    ...(new Set(succeeded).size === succeeded.length ? [] : [`a task of ${run_id} was accepted twice: ${succeeded}`]),
    ...(events.findIndex(({ event }) => event === 'run.finished') === events.length - 1
      ? []
      : [`the history of ${run_id} goes on after its end, or has none`]),
  ]
}

function judgeList(runs: readonly RunSummary[], entries: readonly AuditEntryView[]): string[] {
  const created = Map.groupBy(
    entries.filter(({ action, outcome }) => action === 'run.create' && outcome === 'ok'),
    ({ object }) => object,
  )
  const seen = new Set<string>()
  return runs.flatMap(({ run_id, status, finished_at }) => {
    const twice = seen.has(run_id)
    seen.add(run_id)
    const times = created.get(`run/${run_id}`)?.length ?? 0
    return [
      ...(twice ? [`${run_id} is listed twice`] : []),
      ...(finished_at === null ? [`${run_id} has no end: ${status}`] : []),
      ...(times === 1 ? [] : [`${run_id} was noted ${times} times as created`]),
    ]
  })
}

/** Reads everything that is kept, from one replica. Throws when it does not answer. */
export async function inspect(origin: string, client: Client): Promise<Inspection> {
  const inspection: Inspection = { listed: 0, broken: [], audit_entries: 0, audit_ok: true }
  for (const tenant of TENANTS) {
    const runs = await runsOf(origin, tenant)
    const entries = (await pages<AuditPage>(`${origin}/v1/audit`, tenant)).flatMap((page) => page.entries)
    inspection.listed += runs.length
    inspection.broken.push(...judgeList(runs, entries))
    const verdict = (await must(`${origin}/v1/audit/verify`, tenant)) as { ok: boolean; entries: number }
    inspection.audit_entries += verdict.entries
    inspection.audit_ok &&= verdict.ok
  }
  // What was asked for synchronously and without a key tells its events to its caller only.
  const durable = [...client.acknowledged.values()].filter(({ manner }) => manner !== 'sync')
  const judge = async () => {
    for (let known = durable.pop(); known !== undefined; known = durable.pop())
      inspection.broken.push(...(await judgeHistory(origin, known)))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, judge))
  return inspection
}

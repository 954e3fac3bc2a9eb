import { setTimeout } from 'node:timers/promises'
import type { AuditPage } from '../../../src/contract/audit.ts'
import type { RunList, RunView } from '../../../src/contract/runs.ts'
import { bearer, claims, hmacToken } from '../../helpers/gate-tokens.ts'
import { until } from './until.ts'

export const AUTH = bearer(hmacToken(claims({ scope: 'workflows:execute workflows:read runs:read admin' })))
/** A start, and the time after which runs are taken over, fit in. */
export const PATIENCE_MS = 30_000
/** Several starts of a process. */
export const STARTS = { timeout: 2 * PATIENCE_MS }

/** One task that goes to one model. */
export const ONE = {
  workflow_type: 'custom',
  custom_tasks: [{ task_id: 'one', agent_type: 'Chat', prompt: 'Say it.' }],
}

export const ASYNC = { prefer: 'respond-async' }
export const KEY = { 'idempotency-key': 'the-same' }

/** Asks again while the answer is that the process is busy: it has just started, or others use the machine. */
async function whenFree(ask: () => Promise<Response>): Promise<Response> {
  for (;;) {
    const response = await ask()
    if (response.status !== 503) return response
    const { code } = (await response.clone().json()) as { code?: string }
    if (code !== 'overloaded') return response
    await response.body?.cancel()
    await setTimeout(50)
  }
}

export const post = (origin: string, headers: Record<string, string> = {}, body: object = ONE): Promise<Response> =>
  whenFree(() =>
    fetch(`${origin}/v1/workflows/execute`, {
      method: 'POST',
      headers: { ...AUTH, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }),
  )

export async function get<T>(url: string): Promise<T> {
  const response = await whenFree(() => fetch(url, { headers: AUTH }))
  if (response.status !== 200) throw new Error(`${url}: ${response.status}`)
  return (await response.json()) as T
}

/** Posts a run that must be accepted with 202; gives its id. */
export async function submit(
  origin: string,
  headers: Record<string, string> = {},
  body: object = ONE,
): Promise<string> {
  const response = await post(origin, { ...ASYNC, ...headers }, body)
  if (response.status !== 202) throw new Error(`status ${response.status}: ${await response.text()}`)
  return ((await response.json()) as { run_id: string }).run_id
}

export const viewOf = (origin: string, run_id: string) => get<RunView>(`${origin}/v1/runs/${run_id}`)
export const listOf = async (origin: string) => (await get<RunList>(`${origin}/v1/runs`)).runs

/** The run once it has its end. */
export async function endOf(origin: string, run_id: string): Promise<RunView> {
  let view = await viewOf(origin, run_id)
  const ended = async () => {
    view = await viewOf(origin, run_id)
    return view.finished_at !== null
  }
  await until(ended, `the end of ${run_id}`, PATIENCE_MS)
  return view
}

/** What the audit of the tenant tells of this run, in order. */
export async function actionsOn(origin: string, run_id: string): Promise<string[]> {
  const actions: string[] = []
  // Whoever looks often for the end of a run fills more than one page.
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: AuditPage = await get<AuditPage>(
      `${origin}/v1/audit?limit=1000${cursor === '' ? '' : `&cursor=${cursor}`}`,
    )
    actions.push(...page.entries.filter(({ object }) => object === `run/${run_id}`).map(({ action }) => action))
    cursor = page.next_cursor
  }
  return actions
}

/** Whether readiness is answered with this status now. */
export const isReady =
  (origin: string, status = 200) =>
  async () => {
    const response = await fetch(`${origin}/health/ready`)
    await response.body?.cancel()
    return response.status === status
  }

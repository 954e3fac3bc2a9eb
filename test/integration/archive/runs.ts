import type { LightMyRequestResponse } from 'fastify'
import { onTestFinished } from 'vitest'
import { readEvents } from '../../../src/cli/events.ts'
import type { RunView } from '../../../src/contract/runs.ts'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { authorization, type TestService } from '../../helpers/service.ts'

/** Where a service may keep its runs; `env` points it there, at an empty place of its own. */
export const PLACES: readonly { name: string; env: () => Promise<Record<string, string>> }[] = [
  { name: 'SQLite', env: async () => ({}) },
  ...(postgresIsWanted
    ? [
        {
          name: 'PostgreSQL',
          env: async () => {
            const database = await createDatabase()
            onTestFinished(() => database.drop())
            return { DATABASE_URL: database.url }
          },
        },
      ]
    : []),
]

export const ASYNC = { prefer: 'respond-async' }

/** Posts a run that must be accepted; gives its id. */
export async function submit(service: TestService, body: object, more: Record<string, string> = {}): Promise<string> {
  const response = await service.execute(body, { ...authorization(), ...more, ...ASYNC })
  if (response.statusCode !== 202) throw new Error(`status ${response.statusCode}: ${response.body}`)
  return response.json().run_id
}

export async function viewOf(service: TestService, run_id: string): Promise<RunView> {
  const response = await service.get(`/v1/runs/${run_id}`)
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}: ${response.body}`)
  return response.json()
}

export interface Sent {
  id: number | null
  event: string
  data: Record<string, unknown>
}

export async function read(text: string): Promise<Sent[]> {
  const all: Sent[] = []
  for await (const { id, event, data } of readEvents(new Blob([text]).stream()))
    all.push({ id: id === null ? null : Number(id), event, data: JSON.parse(data) })
  return all
}

export const eventsUrl = (run_id: string): string => `/v1/runs/${run_id}/events`

/** All events of a run; resolves when it has ended. */
export async function eventsOf(service: TestService, run_id: string, after?: number): Promise<Sent[]> {
  const last = after === undefined ? {} : { 'last-event-id': `${after}` }
  const response = await service.get(eventsUrl(run_id), {
    ...authorization(),
    accept: 'text/event-stream',
    ...last,
  })
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}: ${response.body}`)
  return read(response.body)
}

/** The view of a run as soon as it has ended. */
export async function ended(service: TestService, run_id: string): Promise<RunView> {
  await eventsOf(service, run_id)
  return viewOf(service, run_id)
}

export const cancel = (
  service: TestService,
  run_id: string,
  headers = authorization(),
): Promise<LightMyRequestResponse> => service.app.inject({ method: 'POST', url: `/v1/runs/${run_id}/cancel`, headers })

export interface Entry {
  actor: string
  action: string
  object: string
  outcome: string
  details: string
}

/** The audit of a tenant, but for who read it. */
export async function auditOf(service: TestService, tenant = 'default'): Promise<Entry[]> {
  const response = await service.get('/v1/audit?limit=1000', authorization({ tenant, scopes: ['admin'] }))
  return (response.json().entries as Entry[]).filter(({ action }) => !action.startsWith('audit.'))
}

export const verified = async (service: TestService, tenant = 'default'): Promise<unknown> =>
  (await service.get('/v1/audit/verify', authorization({ tenant, scopes: ['admin'] }))).json().ok

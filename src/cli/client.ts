import type { RunEvent } from '../contract/events.ts'
import type { ExecuteInput } from '../contract/execute.ts'
import { ExecuteResponse } from '../contract/result.ts'
import { RunAccepted } from '../contract/runs.ts'
import { WorkflowTypes } from '../contract/views.ts'
import { Refused, ServiceError, UsageError } from './errors.ts'
import { readEvents } from './events.ts'
import { ProblemBody } from './problem.ts'

/** How a run ended for its caller: with its response, or with a problem (failed, timed out), as the service sent it. */
export type RunAnswer =
  | { kind: 'response'; response: ExecuteResponse; raw: unknown }
  | { kind: 'problem'; problem: ProblemBody; raw: unknown }
  /** It goes on without its caller: it waits for a human, or the service is shutting down. */
  | { kind: 'parked'; run: RunAccepted; raw: unknown }

/** An event with its number in the run's history; null for one that no history keeps. */
export interface HeardEvent {
  id: number | null
  event: RunEvent
}

export interface Client {
  /** What the service answers to a GET. Throws Refused, or ServiceError when that is no JSON. */
  get: (path: string) => Promise<unknown>
  /** The same for a POST of JSON. */
  post: (path: string, body: object, headers?: Readonly<Record<string, string>>) => Promise<unknown>
  /** The same for a DELETE; null when it answers without a body. */
  delete: (path: string) => Promise<unknown>
  /** The events of a GET as they come, after number `after`. Throws Refused, or ServiceError when the connection breaks. */
  events: (path: string, after: number) => AsyncGenerator<HeardEvent>
  /** The events of a POST as they come, by name. Throws Refused, or ServiceError when the connection breaks. */
  postEvents: (path: string, body: object) => AsyncGenerator<{ event: string; data: unknown }>
  types: () => Promise<{ types: WorkflowTypes; raw: unknown }>
  /** Runs a request, asks for its timeline and tells its events. Throws Refused when it never started, ServiceError when the answer is lost. */
  execute: (request: ExecuteInput, onEvent: (event: RunEvent) => void, key?: string | null) => Promise<RunAnswer>
}

function baseOf(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new UsageError('--url must be an http or https URL, such as http://127.0.0.1:8000')
  if (parsed.username !== '' || parsed.password !== '') throw new UsageError('--url must hold no credentials')
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`
}

const reasonOf = (error: unknown): string => {
  const { cause } = error as { cause?: { code?: unknown } }
  return typeof cause?.code === 'string' ? cause.code : (error as Error).message
}

const foreign = (base: string, what: string): ServiceError =>
  new ServiceError(`${base} does not answer as Consilium does: ${what}. Check --url.`)

async function readJson(response: Response, base: string): Promise<unknown> {
  try {
    return await response.json()
  } catch (cause) {
    throw new ServiceError(`${base} answered ${response.status} without a whole JSON body. Check --url.`, { cause })
  }
}

async function refuse(response: Response, base: string): Promise<never> {
  const problem = ProblemBody.safeParse(await readJson(response, base))
  if (!problem.success) throw foreign(base, `status ${response.status} without a problem body`)
  const retryAfter = response.headers.get('retry-after') ?? ''
  // A proxy in front may send a date: nothing to count down from.
  throw new Refused(problem.data, /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : null)
}

/** How a run ended, from the data of its `run.finished`. Throws a ServiceError that names `base` when it is neither form. */
export function readAnswer(raw: unknown, base: string): RunAnswer {
  const response = ExecuteResponse.safeParse(raw)
  if (response.success) return { kind: 'response', response: response.data, raw }
  const problem = ProblemBody.safeParse(raw)
  if (problem.success) return { kind: 'problem', problem: problem.data, raw }
  throw foreign(base, 'its run ended with neither a response nor a problem')
}

async function* hear(response: Response, base: string): AsyncGenerator<HeardEvent> {
  if (response.body === null || !response.headers.get('content-type')?.startsWith('text/event-stream'))
    throw foreign(base, 'no event stream')
  try {
    for await (const { id, event, data } of readEvents(response.body))
      yield { id: id === null ? null : Number(id), event: { event, data: JSON.parse(data) } as RunEvent }
  } catch (error) {
    throw new ServiceError(`The connection to ${base} broke before the run had ended (${reasonOf(error)})`, {
      cause: error,
    })
  }
}

async function readRun(response: Response, base: string, onEvent: (event: RunEvent) => void): Promise<RunAnswer> {
  for await (const { event } of hear(response, base)) {
    onEvent(event)
    if (event.event === 'run.finished') return readAnswer(event.data, base)
    if (event.event === 'run.parked') return { kind: 'parked', run: RunAccepted.parse(event.data), raw: event.data }
  }
  throw new ServiceError(`${base} closed the connection before the run had ended`)
}

/** A caller of the service at `url`. Throws a UsageError when that is no base URL. */
export function createClient(url: string, token: string): Client {
  const base = baseOf(url)
  const send = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = { ...init.headers, authorization: `Bearer ${token}` }
    // A redirect would carry the token and the patient's data to another place.
    const response = await fetch(`${base}${path}`, { ...init, headers, redirect: 'error' }).catch((cause: unknown) => {
      throw new ServiceError(`Cannot reach the service at ${base} (${reasonOf(cause)}). Is it running there?`, {
        cause,
      })
    })
    return response.ok ? response : refuse(response, base)
  }
  const sendJson = (path: string, body: object, headers: Readonly<Record<string, string>>): Promise<Response> =>
    send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  return {
    get: async (path) => readJson(await send(path, {}), base),
    post: async (path, body, headers = {}) => readJson(await sendJson(path, body, headers), base),
    delete: async (path) => {
      const response = await send(path, { method: 'DELETE' })
      return response.status === 204 ? null : readJson(response, base)
    },
    events: async function* (path, after) {
      const headers = { accept: 'text/event-stream', ...(after > 0 && { 'last-event-id': `${after}` }) }
      yield* hear(await send(path, { headers }), base)
    },
    postEvents: async function* (path, body) {
      const response = await sendJson(path, body, { accept: 'text/event-stream' })
      for await (const { event } of hear(response, base)) yield event as { event: string; data: unknown }
    },
    types: async () => {
      const raw = await readJson(await send('/v1/workflows/types', {}), base)
      const types = WorkflowTypes.safeParse(raw)
      if (!types.success) throw foreign(base, 'no table of workflow types')
      return { types: types.data, raw }
    },
    execute: async (request, onEvent, key = null) => {
      const headers = { accept: 'text/event-stream', ...(key !== null && { 'idempotency-key': key }) }
      return readRun(await sendJson('/v1/workflows/execute?timeline=true', request, headers), base, onEvent)
    },
  }
}

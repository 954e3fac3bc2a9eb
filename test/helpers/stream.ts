import { readEvents, type SentEvent } from '../../src/cli/events.ts'
import type { RunEvent } from '../../src/contract/events.ts'
import { authorization, custom, type TestService } from './service.ts'

/** A server-sent event with its data read. */
export type Told = RunEvent & { id: string | null }

const tell = ({ id, event, data }: SentEvent): Told => ({ id, event, data: JSON.parse(data) }) as Told

export interface Conversation {
  response: Response
  /** The next event; null after the last one. */
  next: () => Promise<Told | null>
  /** All that have not been read yet. */
  rest: () => Promise<Told[]>
  /** Closes the connection as a caller does who goes away. */
  leave: () => void
}

const headers = (accept: string, more: Record<string, string>) => ({
  'content-type': 'application/json',
  accept,
  ...authorization(),
  ...more,
})

/** Posts a run over a real connection. `left` settles the fetch that is broken off. */
export async function post(service: TestService, body: object, more: Record<string, string> = {}) {
  const controller = new AbortController()
  const answer = fetch(`${await service.listen()}/v1/workflows/execute`, {
    method: 'POST',
    headers: headers('application/json', more),
    body: JSON.stringify(body),
    signal: controller.signal,
  })
  const left = answer.then(
    () => 'answered',
    () => 'left',
  )
  return { leave: () => controller.abort(), left }
}

/** Posts a run over a real connection and reads its events. */
export async function converse(
  service: TestService,
  body: object,
  more: Record<string, string> = {},
): Promise<Conversation> {
  const controller = new AbortController()
  const response = await fetch(`${await service.listen()}/v1/workflows/execute`, {
    method: 'POST',
    headers: headers('text/event-stream', more),
    body: JSON.stringify(body),
    signal: controller.signal,
  })
  const events = readEvents(response.body as ReadableStream<Uint8Array>)
  const next = async () => {
    const { value, done } = await events.next()
    return done ? null : tell(value)
  }
  const rest = async () => {
    const all: Told[] = []
    for await (const event of events) all.push(tell(event))
    return all
  }
  return { response, next, rest, leave: () => controller.abort() }
}

/** The data of all events of one kind. */
export const dataOf = <E extends RunEvent['event']>(events: readonly Told[], kind: E) =>
  events.flatMap((event) => (event.event === kind ? [event.data as Extract<RunEvent, { event: E }>['data']] : []))

/** Takes a permit of a model's idle lane until it is released, by a caller whose answer never comes. */
export async function hold(service: TestService, model: string, agent_type: string): Promise<() => Promise<void>> {
  const { ledger, setFaults } = service.server(model)
  setFaults([{ kind: 'hang' }])
  const { leave, left } = await post(service, custom([{ task_id: 'held', agent_type }]))
  await ledger.until(({ received }) => received === 1)
  return async () => {
    leave()
    await left
    await ledger.until(({ aborted }) => aborted === 1)
  }
}

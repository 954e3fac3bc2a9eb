import type { LedgerEntry } from '../../simulator/ledger.ts'
import type { ChatRequest } from '../../simulator/request.ts'
import { type Simulator, startSimulator } from '../../simulator/simulate.ts'
import type { Chance } from './chance.ts'

/** One request as the model server saw it. Times are performance.now() of this process. */
export interface Visit {
  /** Id of the model server. */
  server: string
  /** Name of the replica that called; null when it showed no key. */
  caller: string | null
  began: number
  /** Null while it is in flight. */
  ended: number | null
  /** Its caller went away before the answer. */
  cut: boolean
}

/** One whose body came, so that it is known what it was for. */
export interface ModelCall extends Visit {
  /** The client's own id of its request. */
  request: string
  task: string
}

const MARK = /\[\[([^/\]]+)\/([^\]]+)\]\]/

/** Stands in a prompt, so that the ledger can tell whose call it was. */
export const markOf = (request: string, task: string): string => `[[${request}/${task}]]`

const readMark = (messages: ChatRequest['messages']): [string, string] | null => {
  const [, request, task] = MARK.exec(messages.findLast(({ role }) => role === 'user')?.content ?? '') ?? []
  return request === undefined || task === undefined ? null : [request, task]
}

const visitOf = (server: string, { key, receivedAt, endedAt, aborted }: LedgerEntry): Visit => ({
  server,
  caller: key,
  began: receivedAt,
  ended: endedAt,
  cut: aborted,
})

/** What a replica of this name must have as MODEL_API_KEYS, so that the ledger can tell whose call it was. */
export const keysOf = ({ roster }: Simulator, replica: string): string =>
  JSON.stringify(Object.fromEntries(roster.models.map(({ id }) => [id, replica])))

export interface Models {
  simulator: Simulator
  /** All so far, by server and in order of arrival. */
  visits: () => Visit[]
  /** Those of them that carry a mark. */
  calls: () => ModelCall[]
  close: () => Promise<void>
}

/** One in thirty takes long enough to outlast what happens around it: an outage of Redis, the locks of a frozen replica. */
const latencyOf = (chance: Chance): number =>
  chance.happens(1 / 30) ? chance.between(1500, 3500) : chance.between(20, 250)

/** Model servers outside the service. No two calls get the same answer, so that work done twice shows. */
export async function startModels(chance: Chance, slots: number, keepEntries = 1_000_000): Promise<Models> {
  let answers = 0
  const simulator = await startSimulator({
    slots,
    keepEntries,
    latencyMs: () => latencyOf(chance),
    reply: ({ messages }) => `Answer ${++answers} to ${readMark(messages)?.join(' ') ?? 'nobody'}.`,
  })
  const entries = () =>
    [...simulator.servers].flatMap(([id, { ledger }]) => ledger.entries.map((entry) => ({ id, entry })))
  return {
    simulator,
    visits: () => entries().map(({ id, entry }) => visitOf(id, entry)),
    calls: () =>
      entries().flatMap(({ id, entry }) => {
        const [request, task] = readMark(entry.messages) ?? []
        return request === undefined || task === undefined ? [] : [{ request, task, ...visitOf(id, entry) }]
      }),
    close: () => simulator.close(),
  }
}

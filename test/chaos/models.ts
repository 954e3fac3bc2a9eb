import type { LedgerEntry } from '../../simulator/ledger.ts'
import type { ChatRequest } from '../../simulator/request.ts'
import { type Simulator, startSimulator } from '../../simulator/simulate.ts'
import type { Chance } from './chance.ts'

/** One call as the model server saw it. Times are performance.now() of this process. */
export interface ModelCall {
  /** The client's own id of its request. */
  request: string
  task: string
  began: number
  /** Null while it is in flight. */
  ended: number | null
  /** Its caller went away before the answer. */
  cut: boolean
}

const MARK = /\[\[([^/\]]+)\/([^\]]+)\]\]/

/** Stands in a prompt, so that the ledger can tell whose call it was. */
export const markOf = (request: string, task: string): string => `[[${request}/${task}]]`

const readMark = (messages: ChatRequest['messages']): [string, string] | null => {
  const [, request, task] = MARK.exec(messages.findLast(({ role }) => role === 'user')?.content ?? '') ?? []
  return request === undefined || task === undefined ? null : [request, task]
}

function callOf({ messages, receivedAt, endedAt, aborted }: LedgerEntry): ModelCall[] {
  const mark = readMark(messages)
  if (mark === null) return []
  const [request, task] = mark
  return [{ request, task, began: receivedAt, ended: endedAt, cut: aborted }]
}

export interface Models {
  simulator: Simulator
  /** All calls so far that carry a mark, in order of arrival. */
  calls: () => ModelCall[]
  /** Model → the most calls that it ever had in flight. */
  peaks: () => Map<string, number>
  close: () => Promise<void>
}

/** Model servers outside the service. No two calls get the same answer, so that work done twice shows. */
export async function startModels(chance: Chance, slots: number, keepEntries = 1_000_000): Promise<Models> {
  let answers = 0
  const simulator = await startSimulator({
    slots,
    keepEntries,
    latencyMs: () => chance.between(20, 250),
    reply: ({ messages }) => `Answer ${++answers} to ${readMark(messages)?.join(' ') ?? 'nobody'}.`,
  })
  return {
    simulator,
    calls: () => simulator.ledger.entries.flatMap(callOf),
    peaks: () => new Map([...simulator.servers].map(([id, { ledger }]) => [id, ledger.maxInFlight])),
    close: () => simulator.close(),
  }
}

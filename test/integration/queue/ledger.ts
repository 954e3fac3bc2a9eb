import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A model server that counts calls in flight, outside all replicas. */
export interface Ledger {
  url: string
  /** The most that were in flight at once since the last `forget`. */
  peak: () => number
  inFlight: () => number
  done: () => number
  /** Calls begun, by replica. */
  begun: (replica: string) => number
  forget: () => void
  /** Calls of this replica stay in flight until it is another one's turn; null: nobody's. */
  hold: (replica: string | null) => void
  /** Calls of this replica that are in flight. */
  inFlightOf: (replica: string) => number
}

export interface Language {
  /** What is no call is answered with an empty list. */
  isCall: (request: IncomingMessage) => boolean
  /** Which replica calls. */
  callerOf: (request: IncomingMessage) => string
  /** What every call is answered with. */
  answer: string
}

/** That of the replicas in replica.ts. */
const PLAIN: Language = {
  isCall: () => true,
  callerOf: ({ url }) => new URL(url ?? '/', 'http://ledger').searchParams.get('replica') ?? '',
  answer: 'ok',
}

/** Answers after `takes_ms`. A call ends for it when it is answered, or its socket is gone. */
export async function openLedger(
  takes_ms: number,
  { isCall, callerOf, answer: text }: Language = PLAIN,
): Promise<Ledger> {
  const open = new Map<ServerResponse, string>()
  const begun = new Map<string, number>()
  let peak = 0
  let done = 0
  let held: string | null = null
  const answer = (response: ServerResponse) => {
    if (open.get(response) === held || !open.delete(response)) return
    done++
    response.end(text)
  }
  const server = createServer((request, response) => {
    if (!isCall(request)) {
      response.end('{"object":"list","data":[]}')
      return
    }
    const replica = callerOf(request)
    begun.set(replica, (begun.get(replica) ?? 0) + 1)
    open.set(response, replica)
    peak = Math.max(peak, open.size)
    response.on('close', () => open.delete(response))
    setTimeout(answer, takes_ms, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    peak: () => peak,
    inFlight: () => open.size,
    done: () => done,
    begun: (replica) => begun.get(replica) ?? 0,
    forget: () => {
      peak = open.size
    },
    hold: (replica) => {
      held = replica
      for (const response of [...open.keys()]) answer(response)
    },
    inFlightOf: (replica) => [...open.values()].filter((whose) => whose === replica).length,
  }
}

import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { chatCompletion } from './raw-server.ts'

type Kind = 'chat' | 'embeddings'

/** One GPU behind one address: chat completions and embeddings are the same work to it. */
export interface WorkServer {
  /** Base URL as a roster has it. */
  url: string
  /** In flight as the server sees it, by its own sockets. */
  inFlight: () => number
  /** The most that were ever in flight at once, of one kind or of both. */
  peak: (kind?: Kind) => number
  /** Calls so far, of one kind or of both. */
  begun: (kind?: Kind) => number
  /** The input of each call for embeddings, in order of arrival. */
  inputs: readonly string[][]
  /** Resolves as soon as it holds; looked at whenever a call begins or ends. */
  until: (met: () => boolean) => Promise<void>
  /** Calls of this kind that come from now on stay in flight until `free`. */
  hold: (kind: Kind) => void
  free: () => void
  /** Calls for embeddings are answered with this status from now on. */
  fail: (status: number) => void
}

export interface WorkServerOptions {
  /** @default 0 */
  takes_ms?: number
  /** Tokens that it reports for each text; null: it reports none. @default 2 */
  tokens?: number | null
  /** The vector of a text. @default [1, its length] */
  vector?: (text: string) => number[]
}

export async function startWorkServer({
  takes_ms = 0,
  tokens = 2,
  vector = (text) => [1, text.length],
}: WorkServerOptions = {}): Promise<WorkServer> {
  const open = new Map<ServerResponse, Kind>()
  const held: (() => void)[] = []
  const holding = new Set<Kind>()
  const begun = { chat: 0, embeddings: 0 }
  const inputs: string[][] = []
  let waiting: { met: () => boolean; resolve: () => void }[] = []
  const peak = { chat: 0, embeddings: 0, both: 0 }
  let status = 200

  const changed = () => {
    for (const one of waiting.filter(({ met }) => met())) one.resolve()
    waiting = waiting.filter(({ met }) => !met())
  }
  const embeddings = (input: string[]) =>
    JSON.stringify({
      data: input.map((text, index) => ({ index, embedding: vector(text) })),
      ...(tokens !== null && { usage: { prompt_tokens: tokens * input.length } }),
    })
  const server = createServer(async (request, response) => {
    const kind = request.url?.endsWith('/embeddings') ? 'embeddings' : 'chat'
    if (request.method !== 'POST' || (kind === 'chat' && !request.url?.endsWith('/chat/completions'))) {
      response.writeHead(request.url?.endsWith('/models') ? 200 : 404).end('{"object":"list","data":[]}')
      return
    }
    open.set(response, kind)
    response.once('close', () => {
      open.delete(response)
      changed()
    })
    begun[kind]++
    const alike = [...open.values()].filter((one) => one === kind).length
    peak[kind] = Math.max(peak[kind], alike)
    peak.both = Math.max(peak.both, open.size)
    let body = ''
    for await (const chunk of request) body += chunk
    const { input } = JSON.parse(body) as { input: string[] }
    if (kind === 'embeddings') inputs.push(input)
    const answer = () => {
      if (!open.delete(response)) return
      if (kind === 'embeddings') response.statusCode = status
      response.end(kind === 'chat' ? chatCompletion() : embeddings(input))
      changed()
    }
    if (holding.has(kind)) held.push(answer)
    else setTimeout(answer, takes_ms)
    changed()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    inFlight: () => open.size,
    peak: (kind) => peak[kind ?? 'both'],
    begun: (kind) => (kind === undefined ? begun.chat + begun.embeddings : begun[kind]),
    inputs,
    until: (met) => (met() ? Promise.resolve() : new Promise((resolve) => waiting.push({ met, resolve }))),
    hold: (kind) => void holding.add(kind),
    free: () => {
      holding.clear()
      for (const answer of held.splice(0)) answer()
    },
    fail: (code) => {
      status = code
    },
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorBody, sendAnswer, sendJson } from './answer.ts'
import { type Call, openCall } from './call.ts'
import { complete, createWriter, echo, type Writer } from './completion.ts'
import { distortCompletion, distortWriter } from './distort.ts'
import type { Fault, FaultSource } from './faults.ts'
import type { LedgerBook, LedgerEntry } from './ledger.ts'
import { refuseEntry } from './misbehave.ts'
import type { ModelServerOptions } from './options.ts'
import { createOrchestrator } from './orchestrator.ts'
import { createPermits } from './permits.ts'
import { type ChatRequest, parseChatRequest } from './request.ts'

/** Reads a body as text, and calls back once it is whole. One that breaks off never calls back. */
export function readBody(req: IncomingMessage, done: (text: string) => void): void {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => done((chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString()))
}

interface Surroundings {
  ledgers: readonly LedgerBook[]
  faults: FaultSource
  /** Whether the server itself is dropping its connections: then no client has gone away. */
  dropping(): boolean
  closePort(for_ms: number): void
}

/** Handles chat completions: into the ledger, past the fault script, through a slot, to an answer. */
export function createChat(options: ModelServerOptions, { ledgers, faults, dropping, closePort }: Surroundings) {
  const { model, slots = 1, context_window = 8192, latencyMs = 0, tokensPerSecond } = options
  const permits = createPermits(slots)
  const write: Writer = options.reply ?? (options.echo ? echo : createWriter(model))
  const play = options.orchestrator && createOrchestrator(options.orchestrator)
  let count = 0

  function enter(entry: LedgerEntry): LedgerEntry {
    for (const ledger of ledgers) ledger.arrived(entry)
    return entry
  }

  function leave(entry: LedgerEntry, aborted: boolean): void {
    entry.endedAt = performance.now()
    entry.aborted = aborted && !dropping()
    for (const ledger of ledgers) ledger.ended(entry)
  }

  function begin(call: Call, entry: LedgerEntry, request: ChatRequest, fault: Fault | null): void {
    // Its connection is gone, and its turn came before the news: nobody is there to be served.
    if (call.socket.destroyed) return
    entry.startedAt = performance.now()
    for (const ledger of ledgers) ledger.changed()
    const played = play?.(request, context_window) ?? complete(request, distortWriter(write, fault), context_window)
    if (typeof played === 'string') {
      sendJson(call, 400, errorBody(400, played, 'invalid_request_error'))
      return
    }
    const completion = distortCompletion(played, fault, request)
    const latency = typeof latencyMs === 'number' ? latencyMs : latencyMs(request)
    const generating = tokensPerSecond === undefined ? 0 : (completion.completion_tokens / tokensPerSecond) * 1000
    const duration_ms = latency + generating + (fault?.kind === 'slow' ? fault.ms : 0)
    sendAnswer(call, request, { id: entry.id, model, completion, duration_ms }, fault)
  }

  function take(call: Call, entry: LedgerEntry, text: string): void {
    const request = parseChatRequest(text)
    if (typeof request === 'string') {
      sendJson(call, 400, errorBody(400, request, 'invalid_request_error'))
      return
    }
    Object.assign(entry, { messages: request.messages, max_tokens: request.max_tokens, priority: request.priority })
    const fault = faults.next(request)
    entry.fault = fault?.kind ?? null
    if (refuseEntry(call, fault, closePort)) return
    // A slot that is free is given before `acquire` returns, and the call may even be over by then.
    call.onEnd(permits.acquire(() => begin(call, entry, request, fault)))
  }

  return (req: IncomingMessage, res: ServerResponse): void => {
    const receivedAt = performance.now()
    const key = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? null
    const empty = { messages: [], max_tokens: null, priority: null, fault: null }
    const ended = { startedAt: null, endedAt: null, aborted: false }
    const entry = enter({ id: `chatcmpl-${model}-${++count}`, model, receivedAt, key, ...ended, ...empty })
    const call = openCall(req, res, (aborted) => leave(entry, aborted))
    readBody(req, (text) => {
      if (!call.over) take(call, entry, text)
    })
  }
}

import type { Call } from './call.ts'
import type { Completion } from './completion.ts'
import { distortBytes, distortJson } from './distort.ts'
import type { Fault } from './faults.ts'
import { spoil } from './misbehave.ts'
import { event, renderBody, renderChunks } from './render.ts'
import type { ChatRequest } from './request.ts'
import { distortStream, type EventStream } from './stream-faults.ts'

export interface Answer {
  id: string
  model: string
  completion: Completion
  /** From getting a slot to the last byte. */
  duration_ms: number
}

function sendBytes(call: Call, status: number, bytes: Buffer): void {
  call.end()
  call.res.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes)
}

/** Sends a JSON body and ends the call. */
export const sendJson = (call: Call, status: number, body: object): void =>
  sendBytes(call, status, Buffer.from(JSON.stringify(body)))

/** An error in the shape of llama.cpp. */
export const errorBody = (code: number, message: string, type: string): object => ({ error: { code, message, type } })

/** Writes events evenly over the duration; all at once when it is 0. */
function sendEvents(call: Call, { writes, ending }: EventStream, duration_ms: number): void {
  call.res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  const last = writes.length - 1
  const write = (at: number): void => {
    if (at === last && ending !== 'stall') call.end()
    call.res.write(writes[at])
    if (at < last) return
    if (ending === 'end') call.res.end()
    if (ending === 'cut') call.socket.end()
  }
  if (duration_ms <= 0) {
    for (const at of writes.keys()) write(at)
    return
  }
  const writeFrom = (at: number): void =>
    call.after(duration_ms / writes.length, () => {
      write(at)
      if (at < last) writeFrom(at + 1)
    })
  writeFrom(0)
}

function answerStream(call: Call, request: ChatRequest, answer: Answer, fault: Fault | null): void {
  const chunks = renderChunks(answer, answer.completion, request)
  const events = chunks.map((chunk) => distortBytes(event(JSON.stringify(distortJson(chunk, fault))), fault))
  events.push(event('[DONE]'))
  const payload = { type: 'text/event-stream', bytes: Buffer.concat(events) } as const
  if (!spoil(call, fault, payload)) sendEvents(call, distortStream(events, fault), answer.duration_ms)
}

function answerWhole(call: Call, answer: Answer, fault: Fault | null): void {
  call.after(answer.duration_ms, () => {
    const body = distortJson(renderBody(answer, answer.completion), fault)
    const bytes = distortBytes(Buffer.from(JSON.stringify(body)), fault)
    if (!spoil(call, fault, { type: 'application/json', bytes })) sendBytes(call, 200, bytes)
  })
}

const MISPLACED = errorBody(500, 'A stream fault was scripted for a request without "stream"', 'simulator_error')

/** Answers a call that has a slot: rightly, or as its fault says. */
export function sendAnswer(call: Call, request: ChatRequest, answer: Answer, fault: Fault | null): void {
  if (request.stream) answerStream(call, request, answer, fault)
  else if (fault?.kind === 'stream') sendJson(call, 500, MISPLACED)
  else answerWhole(call, answer, fault)
}

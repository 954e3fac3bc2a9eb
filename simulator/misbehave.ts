import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, gzipSync } from 'node:zlib'
import type { Call } from './call.ts'
import type { Fault } from './faults.ts'

/** A whole answer, ready to be sent or spoiled. */
export interface Payload {
  type: 'application/json' | 'text/event-stream'
  bytes: Buffer
}

const MEGABYTE = 1024 * 1024

const half = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length >> 1)

const head = ({ type, bytes }: Payload) => ({ 'content-type': type, 'content-length': bytes.length })

function sendHalf(call: Call, payload: Payload, then: () => void = () => undefined): void {
  call.res.writeHead(200, head(payload))
  call.res.write(half(payload.bytes), then)
}

/** RST in place of FIN. What was written before has reached the client's kernel: on loopback a write delivers. */
function reset(call: Call): void {
  call.end()
  call.socket.resetAndDestroy()
}

function trickle(call: Call, payload: Payload, interval_ms: number): void {
  call.res.writeHead(200, head(payload))
  let at = 0
  const timer = setInterval(() => {
    const last = at === payload.bytes.length - 1
    if (last) call.end()
    call.res.write(payload.bytes.subarray(at, at + 1))
    at++
    if (last) call.res.end()
  }, interval_ms)
  call.onEnd(() => clearInterval(timer))
}

function* hugeBody(megabytes: number, beforeLast: () => void): Generator<Buffer> {
  yield Buffer.from('{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"')
  const block = Buffer.alloc(MEGABYTE, 'a')
  for (let at = 0; at < megabytes; at++) yield block
  beforeLast()
  yield Buffer.from('"},"finish_reason":"stop"}]}')
}

function sendHuge(call: Call, { megabytes, framing }: Fault & { kind: 'huge' }): void {
  let length = megabytes * MEGABYTE
  for (const part of hugeBody(0, () => undefined)) length += part.length
  call.res.writeHead(200, {
    'content-type': 'application/json',
    ...(framing === 'length' && { 'content-length': length }),
    ...(framing === 'gzip' && { 'content-encoding': 'gzip' }),
  })
  const body = Readable.from(hugeBody(megabytes, call.end))
  const sent = framing === 'gzip' ? pipeline(body, createGzip(), call.res) : pipeline(body, call.res)
  // It fails only when the client leaves, which the call's own end records.
  sent.catch(() => undefined)
}

/** Acts a fault that spoils how an answer is sent. False when this fault does not: then the answer is to be sent. */
export function spoil(call: Call, fault: Fault | null, payload: Payload): boolean {
  switch (fault?.kind) {
    case 'hang':
      return true
    case 'hang_body':
      sendHalf(call, payload)
      return true
    case 'trickle':
      trickle(call, payload, fault.interval_ms)
      return true
    case 'truncated':
      sendHalf(call, payload, () => {
        call.end()
        call.socket.end()
      })
      return true
    case 'reset':
      if (fault.at === 'headers') call.socket.write('HTTP/1.1 200 OK\r\ncontent-ty', () => reset(call))
      else sendHalf(call, payload, () => reset(call))
      return true
    case 'huge':
      sendHuge(call, fault)
      return true
    case 'gzip': {
      const bytes = gzipSync(payload.bytes)
      call.end()
      call.res.writeHead(200, { ...head({ ...payload, bytes }), 'content-encoding': 'gzip' }).end(bytes)
      return true
    }
    default:
      return false
  }
}

function turnAway(call: Call, fault: Fault & { kind: 'status' }): void {
  const { status, retry_after, location } = fault
  const error = { code: status, message: 'Fault on demand of the simulator', type: 'simulated_fault' }
  call.end()
  call.res
    .writeHead(status, {
      'content-type': 'application/json',
      ...(retry_after !== undefined && { 'retry-after': retry_after }),
      ...(location !== undefined && { location }),
    })
    .end(fault.body ?? JSON.stringify({ error }))
}

function writeRaw(call: Call, { bytes, hold }: Fault & { kind: 'raw' }): void {
  const buffer = Buffer.from(bytes, 'latin1')
  if (hold) call.socket.write(buffer)
  else {
    call.end()
    call.socket.end(buffer)
  }
}

/** Acts a fault of a server that turns requests away. False when this fault lets the request in. */
export function refuseEntry(call: Call, fault: Fault | null, closePort: (for_ms: number) => void): boolean {
  switch (fault?.kind) {
    case 'refuse':
      reset(call)
      closePort(fault.for_ms)
      return true
    case 'status':
      turnAway(call, fault)
      return true
    case 'raw':
      writeRaw(call, fault)
      return true
    case 'reset':
      if (fault.at !== 'request') return false
      reset(call)
      return true
    default:
      return false
  }
}

import type { Dispatcher, Pool } from 'undici'
import type { CancelSignal } from '../contract/cancel.ts'

export interface Exchange {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body: string | null
  /** On the clock of performance.now(): everything ends by then. */
  deadline: number
  max_bytes: number
  cancel: CancelSignal
}

export type Answer =
  | { kind: 'answer'; status: number; headers: Headers; body: Buffer; latency_ms: number }
  | { kind: 'error'; reason: ExchangeFault; latency_ms: number }

/** `unreachable`: before any byte of an answer. `broken`: within one. */
export type ExchangeFault = 'cancelled' | 'timeout' | 'unreachable' | 'broken' | 'too_large'

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** A call in flight when the time of its run is over was not answered in time: that is the server's failure. */
const reasonOf = (cancel: CancelSignal): ExchangeFault => (cancel.timed_out ? 'timeout' : 'cancelled')

class Halt extends Error {
  override readonly name = 'Halt'
}

/** Collects one answer. It ends once, by whichever comes first: last byte, error, size cap, deadline or cancellation. */
class Collector implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: Answer) => void
  readonly #maxBytes: number
  readonly #sentAt = performance.now()
  readonly #timer: NodeJS.Timeout
  readonly #forget: () => void
  #controller: Dispatcher.DispatchController | null = null
  #done = false
  #status = 0
  #headers: Headers = {}
  #chunks: Buffer[] = []
  #size = 0

  constructor(exchange: Exchange, resolve: (answer: Answer) => void) {
    this.#resolve = resolve
    this.#maxBytes = exchange.max_bytes
    // undici's own timeouts are gaps between bytes: a trickle outlives them.
    this.#timer = setTimeout(() => this.#halt('timeout'), Math.max(0, exchange.deadline - this.#sentAt))
    this.#forget = exchange.cancel.onCancel(() => this.#halt(reasonOf(exchange.cancel)))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#done) controller.abort(new Halt('given up before it was sent'))
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#done) return
    this.#size += chunk.length
    if (this.#size > this.#maxBytes) this.#halt('too_large')
    else this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const body = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#size)
    this.#finish({ kind: 'answer', status: this.#status, headers: this.#headers, body, latency_ms: this.#elapsed() })
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error & { code?: string }): void {
    this.#finish({ kind: 'error', reason: faultOf(error, this.#status > 0), latency_ms: this.#elapsed() })
  }

  #elapsed(): number {
    return performance.now() - this.#sentAt
  }

  #halt(reason: ExchangeFault): void {
    this.#finish({ kind: 'error', reason, latency_ms: this.#elapsed() })
    this.#controller?.abort(new Halt(reason))
  }

  #finish(answer: Answer): void {
    if (this.#done) return
    this.#done = true
    clearTimeout(this.#timer)
    this.#forget()
    this.#chunks = []
    this.#resolve(answer)
  }
}

const UNREADABLE = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'])

/** A header block that cannot be parsed comes before any status, yet the server was reached. */
function faultOf({ name, code = '' }: Error & { code?: string }, answering: boolean): ExchangeFault {
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'timeout'
  return answering || name === 'HTTPParserError' || UNREADABLE.has(code) ? 'broken' : 'unreachable'
}

/**
 * One HTTP exchange on a pool, by `dispatch` (a third less CPU than `request`). Always resolves: with whatever status
 * the server gave, or with why there is no answer. Redirects are not followed.
 */
export function exchange(pool: Pool, what: Exchange): Promise<Answer> {
  if (what.cancel.cancelled) return Promise.resolve({ kind: 'error', reason: reasonOf(what.cancel), latency_ms: 0 })
  // A timer may fire a millisecond early, so the call after one that timed out would still just be sent.
  if (what.deadline - performance.now() < 1) return Promise.resolve({ kind: 'error', reason: 'timeout', latency_ms: 0 })
  return new Promise((resolve) => {
    const { method, path, headers, body } = what
    // The collector's own deadline covers connecting, headers and body.
    pool.dispatch({ method, path, headers, body, headersTimeout: 0, bodyTimeout: 0 }, new Collector(what, resolve))
  })
}

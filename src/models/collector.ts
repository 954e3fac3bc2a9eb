import type { Dispatcher } from 'undici'
import type { Connections } from './connections.ts'
import {
  type Answer,
  type BodyReader,
  type Exchange,
  type ExchangeFault,
  type Headers,
  type Reading,
  reasonOf,
} from './exchange.ts'
import { isLate, judgeDeadline } from './late.ts'
import { isStale } from './stale.ts'

/** How long a body may take to end after its reader has all it needs, so that the connection can be kept. */
const DRAIN_MS = 250

const OUT_OF_TIME: ReadonlySet<ExchangeFault> = new Set(['timeout', 'overslept', 'too_late'])

class Halt extends Error {
  override readonly name = 'Halt'
}

/** Hears one answer. It ends once, by whichever comes first: last byte, error, size cap, deadline, stall or cancellation. */
export class Collector implements Dispatcher.DispatchHandler {
  readonly #connections: Connections
  readonly #what: Exchange
  readonly #resolve: (answer: Answer) => void
  readonly #sentAt = performance.now()
  #timer: NodeJS.Timeout
  readonly #forget: () => void
  #openedBefore = 0
  /** When `#timer` is due, on the clock of performance.now(). */
  #due: number
  /** A timer came late: this process stood still. */
  #overslept = false
  #controller: Dispatcher.DispatchController | null = null
  #done = false
  #answering = false
  #status = 0
  #headers: Headers = {}
  #reader: BodyReader | null = null
  #idle: NodeJS.Timeout | null = null
  /** When the last piece came that the reader called alive. */
  #aliveAt = 0
  #chunks: Buffer[] = []
  #size = 0

  constructor(connections: Connections, what: Exchange, resolve: (answer: Answer) => void) {
    this.#connections = connections
    this.#what = what
    this.#resolve = resolve
    // undici's own timeouts are gaps between bytes: a trickle outlives them.
    this.#due = what.deadline
    this.#timer = setTimeout(() => this.#timeIsOver(), Math.max(0, what.deadline - this.#sentAt))
    this.#forget = what.cancel.onCancel(() => this.#isGivenUp())
  }

  send(): void {
    const { method, path, headers, body } = this.#what
    this.#openedBefore = this.#connections.opened
    // Our own deadline covers connecting, headers and body.
    this.#connections.pool.dispatch({ method, path, headers, body, headersTimeout: 0, bodyTimeout: 0 }, this)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#done) controller.abort(new Halt('given up before it was sent'))
  }

  onResponseStarted(): void {
    this.#answering = true
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return
    this.#status = status
    this.#headers = headers
    const { reader } = this.#what
    if (reader?.takes(status, headers)) this.#reader = reader
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size > this.#what.max_bytes) this.#halt('too_large')
    else if (this.#done) return
    else if (this.#reader === null) this.#chunks.push(chunk)
    else this.#heed(this.#reader.read(chunk))
  }

  onResponseEnd(): void {
    this.#stopIdle()
    this.#answer()
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error & { code?: string }): void {
    this.#connections.told(error)
    this.#stopIdle()
    if (this.#mayBeSentAgain(error)) {
      this.#connections.reconnects++
      queueMicrotask(() => this.send())
    } else this.#finish({ kind: 'error', reason: faultOf(error, this.#status > 0), latency_ms: this.#elapsed() })
  }

  /** Ends by itself: each time costs one connection that was there before, and on a new one it says no. */
  #mayBeSentAgain(error: Error): boolean {
    if (this.#done) return false
    const opened = this.#connections.opened !== this.#openedBefore
    return isStale({ error, answering: this.#answering, opened, elapsed_ms: this.#elapsed() })
  }

  #heed(reading: Reading): void {
    if (reading === 'quiet') return
    if (reading === 'alive') {
      this.#aliveAt = performance.now()
      if (this.#idle === null) this.#idle = setTimeout(() => this.#isSilent(), this.#what.idle_ms)
      else this.#idle.refresh()
      return
    }
    this.#answer()
    this.#stopIdle()
    if (reading === 'failed') this.#abort('not readable')
    else this.#idle = setTimeout(() => this.#abort('does not end'), DRAIN_MS).unref()
  }

  #timeIsOver(): void {
    const now = performance.now()
    const { end } = this.#what
    const verdict = judgeDeadline({ now, due: this.#due, end, overslept: this.#overslept })
    if (typeof verdict === 'number') {
      this.#overslept = true
      this.#due = verdict
      this.#timer = setTimeout(() => this.#timeIsOver(), verdict - now)
    } else if (now >= end) this.#halt(verdict)
    else this.#afterReading(() => this.#halt(verdict))
  }

  /** Nobody waits any more: of a run whose time is over, the attempt's is over too. */
  #isGivenUp(): void {
    const { cancel, end } = this.#what
    const reason = reasonOf(cancel)
    const verdict =
      reason === 'timeout'
        ? judgeDeadline({ now: performance.now(), due: end, end, overslept: this.#overslept })
        : reason
    this.#halt(typeof verdict === 'number' ? 'timeout' : verdict)
  }

  #isSilent(): void {
    const now = performance.now()
    const aliveAt = this.#aliveAt
    if (isLate(now, aliveAt + this.#what.idle_ms)) {
      // Nobody listened to this silence: it has to last as long again.
      this.#overslept = true
      this.#aliveAt = now
      this.#idle?.refresh()
    } else
      this.#afterReading(() => {
        if (this.#aliveAt === aliveAt) this.#halt('stalled')
      })
  }

  /** Timers come before sockets: what has arrived by now is read first. */
  #afterReading(judge: () => void): void {
    setImmediate(() => {
      if (!this.#done) judge()
    })
  }

  #stopIdle(): void {
    if (this.#idle !== null) clearTimeout(this.#idle)
  }

  #elapsed(): number {
    return performance.now() - this.#sentAt
  }

  #halt(reason: ExchangeFault): void {
    if (OUT_OF_TIME.has(reason) && this.#answering && !this.#done) this.#connections.ignored.late++
    this.#finish({ kind: 'error', reason, latency_ms: this.#elapsed() })
    this.#stopIdle()
    this.#abort(reason)
  }

  #abort(why: string): void {
    this.#controller?.abort(new Halt(why))
  }

  #answer(): void {
    if (this.#done) return
    const [first] = this.#chunks
    const body = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks)
    this.#finish({ kind: 'answer', status: this.#status, headers: this.#headers, body, latency_ms: this.#elapsed() })
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

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { RunEvent } from '../../../src/contract/events.ts'
import { EventQueue, type Format } from './event-queue.ts'

export interface ReaderLimits {
  /** Bytes that may wait for a reader whose connection takes no more. */
  waiting_bytes: number
  /** How long a reader may take nothing while something waits for it, in ms. */
  stall_ms: number
  /** Silence after which a comment goes out, so that proxies keep the connection; in ms. */
  heartbeat_ms: number
}

export const READER_LIMITS: ReaderLimits = { waiting_bytes: 1024 * 1024, stall_ms: 30_000, heartbeat_ms: 15_000 }

/** Why a reader was dropped: too much waits for it, or it takes nothing. */
export type DropReason = 'behind' | 'stalled'

export interface EventWriterParts {
  raw: ServerResponse
  /** Of the request: the response has none while it waits behind another on its connection. */
  socket: Socket
  limits: ReaderLimits
  onDrop: (reason: DropReason, waiting_bytes: number) => void
  /** @default each as a server-sent event of its own name */
  format?: Format | undefined
}

/** Bytes handed to the connection at once. A reader must take these within `stall_ms`. */
const PIECE_BYTES = 16 * 1024
const HEARTBEAT = Buffer.from(':\n\n')
const NOTHING = Buffer.alloc(0)

/** Behind another answer on its connection it has no chance to go out, which is not the reader's doing. */
const isHeldUp = (raw: ServerResponse): boolean => raw.socket === null

/**
 * Writes run events to one caller, one piece at a time, so that what the caller does not take stays in the queue, where
 * it is joined, counted and bounded. Events of one turn of the event loop go out together at its end.
 */
export class EventWriter {
  /** Settles when the last byte has been handed over or the connection is gone; never rejects. */
  readonly closed: Promise<void>
  readonly #parts: EventWriterParts
  readonly #queue: EventQueue
  readonly #stall: NodeJS.Timeout
  readonly #heartbeat: NodeJS.Timeout
  /** Of what was taken from the queue, the part not yet handed over. */
  #rest: Buffer = NOTHING
  #writing = false
  /** Bytes that came to wait while the reader could take none: they are not held against it. */
  #excused = 0
  #scheduled = false
  #ended = false
  #over = false

  constructor(parts: EventWriterParts) {
    const { raw, limits } = parts
    this.#parts = parts
    this.#queue = new EventQueue(parts.format)
    this.#stall = setTimeout(this.#onStall, limits.stall_ms)
    this.#heartbeat = setTimeout(this.#onSilence, limits.heartbeat_ms)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.closed = promise
    const close = () => {
      this.#over = true
      clearTimeout(this.#stall)
      clearTimeout(this.#heartbeat)
      resolve()
    }
    if (raw.destroyed) close()
    else raw.once('finish', close).once('close', close)
  }

  push(event: RunEvent, id?: number | null): void {
    if (this.#over) return
    this.#queue.push(event, id)
    this.#schedule()
  }

  /** Ends the answer once all that waits has gone out. */
  end(): void {
    this.#ended = true
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#turn)
  }

  readonly #turn = (): void => {
    this.#scheduled = false
    const { raw, limits } = this.#parts
    // A piece that is still being written since an earlier turn: the connection takes no more for now.
    if (!this.#writing) this.#write()
    else if (isHeldUp(raw)) this.#excused = this.#queue.bytes
    else if (this.#queue.bytes > limits.waiting_bytes + this.#excused) this.#drop('behind')
  }

  #write(): void {
    if (this.#over || this.#parts.raw.destroyed) return
    if (this.#rest.length === 0) this.#rest = Buffer.from(this.#queue.take(PIECE_BYTES))
    this.#excused = Math.min(this.#excused, this.#queue.bytes)
    if (this.#rest.length === 0 && !this.#ended) return
    this.#writing = true
    this.#stall.refresh()
    if (this.#rest.length === 0) {
      this.#parts.raw.end()
      return
    }
    const piece = this.#rest.subarray(0, PIECE_BYTES)
    this.#rest = this.#rest.subarray(PIECE_BYTES)
    this.#heartbeat.refresh()
    this.#parts.raw.write(piece, this.#onWritten)
  }

  readonly #onWritten = (error?: Error | null): void => {
    // The connection broke: `close` follows, and the run hears of it there.
    if (error) return
    this.#writing = false
    this.#write()
  }

  readonly #onStall = (): void => {
    if (!this.#writing) return
    if (isHeldUp(this.#parts.raw)) this.#stall.refresh()
    else this.#drop('stalled')
  }

  readonly #onSilence = (): void => {
    this.#heartbeat.refresh()
    if (this.#writing) return
    this.#rest = HEARTBEAT
    this.#write()
  }

  #drop(reason: DropReason): void {
    if (this.#over) return
    this.#over = true
    this.#parts.onDrop(reason, this.#queue.bytes)
    // A reset, so that the kernel too forgets at once what nobody takes.
    this.#parts.socket.resetAndDestroy()
  }
}

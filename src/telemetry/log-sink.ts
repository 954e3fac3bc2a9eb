import { constants, fstatSync, openSync, write, writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'

export interface LogSinkOptions {
  /** @default 1, standard output */
  fd?: number
  /** So many characters are written at once, without waiting. @default 4096 */
  batch?: number
  /** Ms after which less is written too, and after which what could not be written is tried again. @default 250 */
  everyMs?: number
  /** Characters that may wait. What comes above is dropped and counted. @default 4 Mi */
  most?: number
}

/** A write that takes longer has a reader that does not read. */
const STUCK_MS = 1000
/** Until a pipe that is full is tried again, in ms: its reader needs no longer for what it holds. */
const FULL_MS = 10

/**
 * The same pipe, opened anew so that a write never waits: one that waited would hold a thread of the process, and its end.
 * What cannot be opened so (a socket, a pipe of another user's, no /proc) is written to as it is.
 */
function withoutWaiting(fd: number): number {
  try {
    if (!fstatSync(fd).isFIFO()) return fd
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    return fd
  }
}

/**
 * Where log lines go, whatever becomes of their reader: the service goes on when the disk is full, when a pipe is read no
 * more and when it is closed. Lines wait within a bound, then they are dropped; a line says how many once there is room
 * again. pino's own destination ends the process then, or keeps it from ending.
 */
export class LogSink implements DestinationStream {
  readonly #fd: number
  readonly #batch: number
  readonly #everyMs: number
  readonly #most: number
  #lines: string[] = []
  #waiting = 0
  #dropped = 0
  /** What is being written, or could not be. */
  #rest: Buffer | null = null
  /** When the write began that is under way, on the clock of performance.now(). */
  #writingSince: number | null = null
  #timer: NodeJS.Timeout | null = null
  #listening = false

  constructor({ fd = 1, batch = 4096, everyMs = 250, most = 4 * 1024 * 1024 }: LogSinkOptions = {}) {
    this.#fd = withoutWaiting(fd)
    this.#batch = batch
    this.#everyMs = everyMs
    this.#most = most
  }

  write(line: string): void {
    if (this.#waiting + line.length > this.#most) {
      this.#dropped++
      return
    }
    this.#lines.push(line)
    this.#waiting += line.length
    if (this.#waiting >= this.#batch && this.#rest === null) this.#next()
    else this.#later()
  }

  /** Writes what waits before it returns, as far as that can be done without waiting for anybody: the process ends, or may. */
  flushSync(): void {
    // A second write to somebody who does not read would never return.
    if (this.#writingSince !== null && performance.now() - this.#writingSince > STUCK_MS) return
    try {
      // What is under way is not ours to write, and comes all the same.
      if (this.#writingSince === null) this.#writeAll(this.#rest)
      this.#writeAll(this.#gather())
    } catch {
      // Nobody is left who could be told.
    }
  }

  #writeAll(bytes: Buffer | null): void {
    for (let left = bytes; left !== null && left.length > 0; ) {
      left = left.subarray(writeSync(this.#fd, left))
      if (this.#writingSince === null) this.#rest = left.length > 0 ? left : null
    }
  }

  #later(ms = this.#everyMs): void {
    if (!this.#listening) {
      this.#listening = true
      process.on('exit', () => this.flushSync())
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#next()
    }, ms).unref()
  }

  /** All lines that wait, with what was dropped behind them. */
  #gather(): Buffer {
    if (this.#dropped > 0) {
      const told = { level: 40, time: new Date().toISOString(), dropped: this.#dropped, msg: 'log lines were dropped' }
      this.#lines.push(`${JSON.stringify(told)}\n`)
      this.#dropped = 0
    }
    const gathered = Buffer.from(this.#lines.join(''))
    this.#lines = []
    this.#waiting = 0
    return gathered
  }

  #take(): Buffer | null {
    this.#rest ??= this.#lines.length > 0 ? this.#gather() : null
    return this.#rest
  }

  #next(): void {
    if (this.#writingSince !== null) return
    const rest = this.#take()
    if (rest === null) return
    this.#writingSince = performance.now()
    write(this.#fd, rest, (error, written) => {
      this.#writingSince = null
      // A disk may have room again, a pipe may be read again.
      if (error !== null) return this.#later(error.code === 'EAGAIN' ? FULL_MS : undefined)
      this.#rest = written < rest.length ? rest.subarray(written) : null
      if (this.#rest !== null || this.#waiting >= this.#batch) this.#next()
      else if (this.#waiting > 0) this.#later()
    })
  }
}

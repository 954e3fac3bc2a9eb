import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** One chat completion from its arrival to its end, whoever ends it. */
export interface Call {
  readonly res: ServerResponse
  readonly socket: Socket
  readonly over: boolean
  /** Ends the call from our side. To be called right BEFORE the last byte goes out: the client may act on it at once. */
  end(): void
  /** Runs `tidy` when the call ends; at once when it has. */
  onEnd(tidy: () => void): void
  /** Runs `act` in `ms` milliseconds unless the call has ended by then; at once for 0. */
  after(ms: number, act: () => void): void
}

/** Opens a call. `ended` is told once; `aborted` when the client went away first. */
export function openCall(req: IncomingMessage, res: ServerResponse, ended: (aborted: boolean) => void): Call {
  const tidies: (() => void)[] = []
  let over = false
  const finish = (aborted: boolean): void => {
    if (over) return
    over = true
    req.socket.off('close', gone)
    ended(aborted)
    for (const tidy of tidies) tidy()
  }
  // The socket, not the response: a pipelined response that has no socket yet is never told.
  const gone = (): void => finish(true)
  req.socket.on('close', gone)
  const call: Call = {
    res,
    socket: req.socket,
    get over() {
      return over
    },
    end: () => finish(false),
    onEnd: (tidy) => {
      if (over) tidy()
      else tidies.push(tidy)
    },
    after: (ms, act) => {
      if (over) return
      if (ms <= 0) return act()
      const timer = setTimeout(act, ms)
      tidies.push(() => clearTimeout(timer))
    },
  }
  return call
}

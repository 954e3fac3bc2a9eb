type SocketFault = Error & { code?: string }

/** A server that closes idle connections does so at once; one that fails at work takes longer. */
export const STALE_MS = 250

const CLOSED = new Set(['other side closed', 'closed'])

/** Whether an error says that the other side closed an established connection. */
const saysClosed = ({ code, message }: SocketFault): boolean =>
  code === 'ECONNRESET' || code === 'EPIPE' || (code === 'UND_ERR_SOCKET' && CLOSED.has(message))

export interface StaleEvidence {
  error: SocketFault
  /** Any byte of an answer has come. */
  answering: boolean
  /** A connection was opened between sending and the failure: the call may have been on it. */
  opened: boolean
  elapsed_ms: number
}

/**
 * Whether a call failed only because it met an idle connection in the moment in which the server closed it: nothing came,
 * the connection was there before the call, and it failed at once. Such a call has not been worked on.
 */
export const isStale = ({ error, answering, opened, elapsed_ms }: StaleEvidence): boolean =>
  !answering && !opened && elapsed_ms < STALE_MS && saysClosed(error)

/** Whether an error says that something came on a connection on which nothing was asked. */
export const saysUnasked = ({ name, code, message }: SocketFault): boolean =>
  name === 'HTTPParserError' || (code === 'UND_ERR_SOCKET' && message === 'bad response')

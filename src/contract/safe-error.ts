const MAX_FRAMES = 12
const MAX_CAUSES = 3

/** An error without its words: what may be logged of one. */
export interface SafeError {
  name: string
  code: string | null
  /** `file:line:column`, innermost first. */
  at: string[]
  cause?: SafeError
}

/**
 * The places a stack names. The message stands in front of them and may itself hold lines that look like frames, so it
 * is cut off first, and of each frame only the location is taken.
 */
function locations(error: Error): string[] {
  const stack = typeof error.stack === 'string' ? error.stack : ''
  const message = String(error.message)
  const start = stack.indexOf(message)
  const frames = message === '' || start < 0 ? stack : stack.slice(start + message.length)
  const found: string[] = []
  for (const line of frames.split('\n')) {
    const place = /^\s+at (?:.* \()?((?:file:\/\/|node:|\/)[^\s()]*:\d+:\d+)\)?$/.exec(line)
    if (place?.[1] !== undefined && found.push(place[1]) === MAX_FRAMES) break
  }
  return found
}

const word = (value: unknown): string | null => (typeof value === 'string' && /^\w{1,64}$/.test(value) ? value : null)

/** Name, code and places of an error and its causes. Never a message: it may hold clinical text. */
export function safeError(error: unknown, depth = 0): SafeError {
  if (!(error instanceof Error)) return { name: `thrown ${typeof error}`, code: null, at: [] }
  const safe: SafeError = {
    name: word(error.name) ?? 'Error',
    code: word((error as { code?: unknown }).code),
    at: locations(error),
  }
  return error.cause instanceof Error && depth < MAX_CAUSES
    ? { ...safe, cause: safeError(error.cause, depth + 1) }
    : safe
}

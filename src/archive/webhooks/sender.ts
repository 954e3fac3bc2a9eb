const MOST_ANSWER_BYTES = 1024

const HEADERS = {
  'content-type': 'application/json',
  'user-agent': 'consilium',
  // A connection of its own: the name is resolved anew each time, and none breaks while it lies idle.
  connection: 'close',
}

export interface Letter {
  url: URL
  headers: Readonly<Record<string, string>>
  body: string
}

export interface SendLimits {
  /** ms for everything from the name to the end of the answer. */
  timeoutMs: number
  /** Gives it up; the error is then `stopped`. */
  stop: AbortSignal
}

export interface Sent {
  /** Of the answer; null when there was none. */
  status: number | null
  /** Null when it arrived: the answer was 2xx. `http_503`, `timeout`, `unreachable` or `stopped`. */
  error: string | null
}

/** Lets a receiver finish a short answer; of a long one the rest is never fetched. What it says does not matter. */
async function skim(answer: Response): Promise<void> {
  let bytes = 0
  try {
    for await (const chunk of answer.body ?? []) {
      bytes += chunk.length
      if (bytes > MOST_ANSWER_BYTES) break
    }
  } catch {
    // The status came before, and it is what counts.
  }
}

/** One POST. Never throws: what went wrong is a code. */
export async function send({ url, headers, body }: Letter, { timeoutMs, stop }: SendLimits): Promise<Sent> {
  const deadline = AbortSignal.timeout(timeoutMs)
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { ...HEADERS, ...headers },
      body,
      // Not `error`, which hides the status. A redirect is never followed: it could lead to any host.
      redirect: 'manual',
      signal: AbortSignal.any([deadline, stop]),
    })
    await skim(answer)
    return { status: answer.status, error: answer.ok ? null : `http_${answer.status}` }
  } catch {
    // The error's words may hold the URL; which of the three it was, the signals tell.
    if (stop.aborted) return { status: null, error: 'stopped' }
    return { status: null, error: deadline.aborted ? 'timeout' : 'unreachable' }
  }
}

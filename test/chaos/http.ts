/** What came back: null when nobody answered, or not to the end. */
export interface Answer {
  status: number
  body: unknown
  replayed: boolean
}

const PATIENCE_MS = 20_000

/** One request; a broken or missing answer is null. */
export async function ask(
  url: string,
  { headers, body }: { headers: Record<string, string>; body?: unknown },
  patience_ms = PATIENCE_MS,
): Promise<Answer | null> {
  try {
    const response = await fetch(url, {
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(patience_ms),
    })
    const text = await response.text()
    const replayed = response.headers.get('idempotency-replayed') === 'true'
    return { status: response.status, body: parse(text), replayed }
  } catch {
    // Killed, frozen, starting: who calls decides what that means.
    return null
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

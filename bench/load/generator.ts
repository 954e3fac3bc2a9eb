import { Pool } from 'undici'

/** A request at its time, in ms from the start. */
export interface Shot {
  at: number
  /** Whose it is: tenant or phase, for the reader of the answers. */
  label: string
  authorization: string
  body: string
  /** Calls to models that it takes. */
  calls: number
}

export interface Hit extends Omit<Shot, 'authorization' | 'body'> {
  /** 0: no answer, the connection failed. */
  status: number
  /** From the time at which it should have been sent, whenever it was. */
  latency_ms: number
  /** When its answer was there, in ms from the start. */
  ended: number
}

/**
 * Open loop: every request goes out at its time, whatever became of the others, on a connection of its own if need be; its
 * latency counts from that time. Ends when all are answered. `shots` in the order of time.
 */
export async function fire(origin: string, shots: readonly Shot[], onTick?: (now: number) => void): Promise<Hit[]> {
  const pool = new Pool(origin, { connections: null, pipelining: 1, headersTimeout: 60_000, keepAliveTimeout: 60_000 })
  const hits: Promise<Hit>[] = []
  const start = performance.now()
  const send = async ({ authorization, body, ...shot }: Shot): Promise<Hit> => {
    const headers = { 'content-type': 'application/json', authorization }
    const status = await pool.request({ method: 'POST', path: '/v1/workflows/execute', headers, body }).then(
      async (answer) => {
        await answer.body.dump()
        return answer.statusCode
      },
      () => 0,
    )
    const ended = performance.now() - start
    return { ...shot, status, latency_ms: ended - shot.at, ended }
  }
  for (let next = 0; next < shots.length; ) {
    const now = performance.now() - start
    for (; next < shots.length && (shots[next] as Shot).at <= now; next++) hits.push(send(shots[next] as Shot))
    onTick?.(now)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const all = await Promise.all(hits)
  await pool.destroy()
  return all
}

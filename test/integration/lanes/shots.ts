import { authorization, type TestService } from '../../helpers/service.ts'

export interface Answered {
  tenant: string
  status: number
  /** From sending to the last byte. */
  ms: number
  retryAfter: string | null
}

/** Posts one run over a connection of its own and reads the whole answer. */
export async function shoot(url: string, body: object, tenant = 'default', leaving?: AbortSignal): Promise<Answered> {
  const start = performance.now()
  const response = await fetch(`${url}/v1/workflows/execute`, {
    method: 'POST',
    headers: { ...authorization({ tenant }), 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(leaving && { signal: leaving }),
  })
  await response.arrayBuffer()
  return {
    tenant,
    status: response.status,
    ms: performance.now() - start,
    retryAfter: response.headers.get('retry-after'),
  }
}

/** Sends so many requests within `ms`, each at its time, whatever became of the others. */
export async function salvo<T>(count: number, ms: number, send: (index: number) => Promise<T>): Promise<T[]> {
  const start = performance.now()
  const answers: Promise<T>[] = []
  while (answers.length < count) {
    const due = Math.min(count, Math.ceil((count * (performance.now() - start)) / ms))
    while (answers.length < due) answers.push(send(answers.length))
    await new Promise((resolve) => setImmediate(resolve))
  }
  return Promise.all(answers)
}

/** Calls that wait in a lane. */
export const waitingIn = ({ app }: TestService, model: string): number =>
  app.service.viewRoster().models.find(({ id }) => id === model)?.queued ?? 0

/** The most calls that ever waited in a lane until all of this has ended; looks at every turn of the event loop. */
export async function longestQueue(service: TestService, model: string, all: Promise<unknown>): Promise<number> {
  let ended = false
  const end = () => {
    ended = true
  }
  all.then(end, end)
  let longest = 0
  while (!ended) {
    longest = Math.max(longest, waitingIn(service, model))
    await new Promise((resolve) => setImmediate(resolve))
  }
  return longest
}

export const countOf = (answers: readonly Answered[], status: number): number =>
  answers.filter((answer) => answer.status === status).length

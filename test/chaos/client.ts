import { setTimeout as pause } from 'node:timers/promises'
import type { ExecuteInput } from '../../src/contract/execute.ts'
import type { RunView } from '../../src/contract/runs.ts'
import { signToken } from '../../src/token.ts'
import type { Chance } from './chance.ts'
import { type Answer, ask } from './http.ts'
import { type Manner, mannerOf, requestOf } from './requests.ts'

export const SECRET = 'a secret of the chaos suite, 32 bytes'
export const TENANTS = ['north', 'south'] as const

/** A run that the service has said it has: by a 202, or by a 200 with its result. */
export interface Acknowledged {
  run_id: string
  /** The client's own id of the request. */
  request: string
  tenant: string
  manner: Manner
  /** What is final of it, once it was seen ended. */
  result: string | null
  status: string | null
  /** On the clock of performance.now(). */
  ended: number | null
}

export interface ClientParts {
  /** Base URLs of all replicas. */
  origins: readonly string[]
  chance: Chance
  workers: number
}

const MOST_OPEN = 24
const LOOK_MS = 100
const AGAIN_MS = 60

const tokens = new Map<string, string>()
export function headersOf(tenant: string): Record<string, string> {
  const scopes = ['workflows:execute', 'workflows:read', 'runs:read', 'admin']
  const token = tokens.get(tenant) ?? signToken(SECRET, { subject: 'chaos', tenant, scopes, expiresInS: 24 * 3600 })
  tokens.set(tenant, token)
  return { authorization: `Bearer ${token}` }
}

const isFailedRun = (answer: Answer | null): boolean =>
  ['run_failed', 'run_timeout'].includes((answer?.body as { code?: string } | undefined)?.code ?? '')

/** What must never change once a run has ended. */
const finalOf = ({ status, aggregated_content, results }: RunView): string =>
  JSON.stringify([status, aggregated_content, results])

/** Sends runs without end, remembers what was acknowledged, and looks whether that stays true. */
export class Client {
  /** By run id. */
  readonly acknowledged = new Map<string, Acknowledged>()
  /** How each request was asked, by the client's own id. */
  readonly manners = new Map<string, Manner>()
  /** Promises that the service broke, in sentences. */
  readonly broken: string[] = []
  sent = 0
  /** Runs that were answered as failed: an end like any other, and nothing to ask for again. */
  failed = 0
  /** Requests that got no answer, and answers that refused. */
  unanswered = 0
  readonly refused = new Map<number, number>()
  readonly #parts: ClientParts
  readonly #at: Chance
  /** Those without an end so far, by run id. */
  readonly #openRuns = new Map<string, Acknowledged>()
  readonly #runOf = new Map<string, string>()
  /** To look again at some that have ended. */
  readonly #endedRuns: Acknowledged[] = []
  #stopping = false
  #abandoned = false
  #work: Promise<unknown> = Promise.resolve()
  #looking: Promise<void> = Promise.resolve()
  #lookOn = false

  constructor(parts: ClientParts) {
    this.#parts = parts
    this.#at = parts.chance.branch()
  }

  start(): void {
    this.#lookOn = true
    this.#work = Promise.all(
      Array.from({ length: this.#parts.workers }, () => this.#worker(this.#parts.chance.branch())),
    )
    this.#looking = this.#lookAgain()
  }

  /** Sends nothing new; resolves when what was sent with a key has its answer. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#work
  }

  /** Gives everything up at once: nobody wants to know any more. */
  abandon(): void {
    this.#stopping = true
    this.#abandoned = true
    this.#lookOn = false
  }

  /** Looks on until every acknowledged run has ended or the time is over; gives those that have not. */
  async settle(patience_ms: number): Promise<Acknowledged[]> {
    const until = performance.now() + patience_ms
    while (this.#openRuns.size > 0 && performance.now() < until) await pause(LOOK_MS)
    this.#lookOn = false
    await this.#looking
    return this.#open
  }

  /** Reads every acknowledged run once more, from this replica. */
  async readAll(origin: string): Promise<void> {
    for (const known of this.acknowledged.values()) await this.#look(known, origin)
  }

  get #open(): Acknowledged[] {
    return [...this.#openRuns.values()]
  }

  get #anywhere(): string {
    return this.#at.pick(this.#parts.origins)
  }

  async #worker(chance: Chance): Promise<void> {
    while (!this.#stopping) {
      if (this.#openRuns.size >= MOST_OPEN) {
        await pause(AGAIN_MS)
        continue
      }
      const id = `c${++this.sent}`
      const manner = mannerOf(chance)
      this.manners.set(id, manner)
      await this.#send({ id, manner, tenant: chance.pick(TENANTS), body: requestOf(chance, id), chance })
    }
  }

  async #send(sending: {
    id: string
    manner: Manner
    tenant: string
    body: ExecuteInput
    chance: Chance
  }): Promise<void> {
    const { id, manner, tenant, body, chance } = sending
    const keyed = manner.endsWith('keyed')
    const headers = {
      ...headersOf(tenant),
      ...(manner.startsWith('async') && { prefer: 'respond-async' }),
      ...(keyed && { 'idempotency-key': id }),
    }
    const post = () => ask(`${this.#anywhere}/v1/workflows/execute`, { headers, body })
    // With a key nothing is given up: the same request comes again until it is answered.
    for (;;) {
      const answer = await post()
      if (answer !== null && (answer.status === 200 || answer.status === 202)) {
        this.#acknowledge(answer, sending)
        break
      }
      this.#count(answer)
      if (isFailedRun(answer)) {
        this.failed++
        return
      }
      if (!keyed || this.#abandoned) return pause(AGAIN_MS)
      await pause(AGAIN_MS)
    }
    if (!keyed || !chance.happens(0.3)) return
    // A client that did not hear the answer: the same key is the same run.
    const again = await post()
    if (again !== null && (again.status === 200 || again.status === 202)) this.#acknowledge(again, sending)
  }

  #count(answer: Answer | null): void {
    if (answer === null) this.unanswered++
    else this.refused.set(answer.status, (this.refused.get(answer.status) ?? 0) + 1)
  }

  #acknowledge({ status, body }: Answer, { id, manner, tenant }: { id: string; manner: Manner; tenant: string }): void {
    const view = body as RunView
    const known = this.acknowledged.get(view.run_id) ?? this.#newly(view.run_id, id, manner, tenant)
    if (known.request !== id) this.broken.push(`${view.run_id} was given to ${known.request} and to ${id}`)
    const first = this.#runOf.get(id)
    if (first !== view.run_id) this.broken.push(`${id} got two runs: ${first} and ${view.run_id}`)
    if (status === 200) this.#saw(known, view)
  }

  #newly(run_id: string, request: string, manner: Manner, tenant: string): Acknowledged {
    const known: Acknowledged = { run_id, request, tenant, manner, result: null, status: null, ended: null }
    this.acknowledged.set(run_id, known)
    this.#openRuns.set(run_id, known)
    if (!this.#runOf.has(request)) this.#runOf.set(request, run_id)
    return known
  }

  #saw(known: Acknowledged, view: RunView): void {
    const result = finalOf(view)
    if (known.result !== null && known.result !== result)
      this.broken.push(`${known.run_id} changed after its end: ${known.result.slice(0, 300)} → ${result.slice(0, 300)}`)
    if (known.result === null) this.#endedRuns.push(known)
    this.#openRuns.delete(known.run_id)
    known.result ??= result
    known.status ??= view.status
    known.ended ??=
      view.finished_at === undefined ? performance.now() : Date.parse(`${view.finished_at}`) - performance.timeOrigin
  }

  async #look(known: Acknowledged, origin: string): Promise<void> {
    const answer = await ask(`${origin}/v1/runs/${known.run_id}`, { headers: headersOf(known.tenant) }, 3000)
    if (answer?.status === 404) this.broken.push(`${known.run_id} of ${known.request} is not there any more`)
    if (answer?.status !== 200) return
    const view = answer.body as RunView
    if (view.finished_at !== null) this.#saw(known, view)
    else if (known.result !== null) this.broken.push(`${known.run_id} is ${view.status} again after its end`)
  }

  async #lookAgain(): Promise<void> {
    while (this.#lookOn) {
      const again = this.#endedRuns.length > 0 ? [this.#at.pick(this.#endedRuns)] : []
      await Promise.all([...this.#open.slice(0, 8), ...again].map((known) => this.#look(known, this.#anywhere)))
      await pause(LOOK_MS)
    }
  }
}

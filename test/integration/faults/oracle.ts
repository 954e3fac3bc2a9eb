import { expect, onTestFinished } from 'vitest'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'
import { authorization, type ServiceOptions, startService, type TestService } from '../../helpers/service.ts'
import { total } from '../lanes/oracle.ts'
import { expectClean, expectNoTrace } from '../privacy/canary.ts'
import { type Caller, startCaller } from './caller.ts'
import { exchange } from './exchange.ts'
import { type Body, deadlineOf, type Heard, understand } from './heard.ts'
import { GRACE_MS } from './until.ts'

/** Stands for anything that a model server says and that is no answer: no caller and no log may ever see it. */
export const SERVER_WORDS = 'CANARY-server-words-0815'
const KEY = 'CANARY-key-4711'
const KEYS = Object.fromEntries(builtinRoster.models.map(({ id }) => [id, KEY]))

export interface TrialOptions extends ServiceOptions {
  /** Where models are in place of their simulators: model id → base URL. */
  servers?: Readonly<Record<string, string>>
}

export interface Trial extends TestService {
  /** Posts an execute request over a socket and holds its answer to the rules of every fault. */
  ask: (body: Body) => Promise<Heard>
  /** The same as a stream of events. */
  watch: (body: Body) => Promise<Heard>
  /** Sends requests on a raw connection that may be left; every one of them must be admitted. */
  come: (body: Body | readonly Body[], accept?: string, headers?: Record<string, string>) => Promise<Caller>
  /** What GET /v1/roster says of a model now. */
  view: (model: string) => Promise<{ busy: number; queued: number; breaker: string; reachable: boolean | null }>
}

const RUN_MS = 10_000

/** Nothing that a server said, no key and no prompt, in all that went out beside the answers themselves. */
async function expectSilence(service: TestService, heard: readonly Heard[]): Promise<void> {
  for (const { reply, events } of heard) {
    expect(reply.body).not.toContain(SERVER_WORDS)
    expect(reply.body).not.toContain(KEY)
    for (const { event, data } of events)
      if (event !== 'task.delta' && event !== 'run.finished') expectClean(JSON.stringify(data), event)
  }
  const answers = heard.map(({ reply, events }) =>
    events.length > 0 ? { ...reply, body: JSON.stringify(events.at(-1)?.data) } : reply,
  )
  await expectNoTrace(service, ...answers)
}

/** Every run is counted and logged once, those of `callers` who may have left included, and so is every task. */
async function expectCountedOnce(
  service: TestService,
  heard: readonly Heard[],
  callers: readonly Caller[],
): Promise<void> {
  const told = heard.flatMap(({ run }) => run ?? [])
  const runs = [
    ...told.map(({ run_id, results }) => ({ run_id, tasks: results.length })),
    ...(await Promise.all(callers.map(({ ended }) => ended()))).flat(),
  ]
  const logged = service.lines.filter(({ msg }) => msg === 'run ended').map(({ run_id }) => run_id)
  expect(logged.sort()).toEqual(runs.map(({ run_id }) => run_id).sort())
  expect(new Set(logged).size, 'runs that were logged').toBe(logged.length)
  const { text } = await service.app.service.scrape()
  expect(total(text, 'consilium_workflow_runs_total')).toBe(runs.length)
  expect(total(text, 'consilium_tasks_total')).toBe(runs.reduce((sum, { tasks }) => sum + Number(tasks), 0))
}

async function expectNothingHeld(service: TestService): Promise<void> {
  const { gpus, models } = (await service.get('/v1/roster')).json()
  for (const { busy } of gpus) expect(busy, 'calls on a GPU').toBe(0)
  for (const { id, busy, queued } of models) expect({ id, busy, queued }).toEqual({ id, busy: 0, queued: 0 })
  // A server hears a moment later that a caller has gone.
  const { ledger } = service.simulator
  const patience = Promise.withResolvers<void>()
  const timer = setTimeout(patience.resolve, GRACE_MS)
  await Promise.race([ledger.idle(), patience.promise])
  clearTimeout(timer)
  expect(ledger.inFlight, 'calls in flight at the servers').toBe(0)
}

/** Hears what nobody caught, until everything of the test has been closed: so it is to be called first. */
function expectNothingUncaught(): void {
  const uncaught: unknown[] = []
  const hear = (error: unknown) => uncaught.push(error)
  process.on('uncaughtExceptionMonitor', hear)
  onTestFinished(() => {
    process.off('uncaughtExceptionMonitor', hear)
    expect(uncaught, 'uncaught exceptions').toEqual([])
  })
}

/**
 * The whole service on a socket, before model servers that misbehave. Whatever they do, each request is answered once,
 * by its deadline and a second, and afterwards nothing is held, nothing was uncaught, every run and task was counted
 * once, and no prompt, key or word of a server is anywhere but in an answer.
 */
export async function startTrial({
  servers = {},
  env,
  simulator,
  roster,
  ...options
}: TrialOptions = {}): Promise<Trial> {
  expectNothingUncaught()
  const service = await startService({
    ...options,
    env: { MODEL_API_KEYS: JSON.stringify(KEYS), ...env },
    simulator: { apiKeys: KEYS, ...simulator },
    roster: (running) => {
      const models = running.models.map((model) => ({ ...model, url: servers[model.id] ?? model.url }))
      return roster ? roster({ ...running, models }) : { ...running, models }
    },
  })
  const url = `${await service.listen()}/v1/workflows/execute`
  const heard: Heard[] = []
  const callers: Caller[] = []
  const post = async (body: Body, accept: string): Promise<Heard> => {
    const request = { timeout_ms: RUN_MS, ...body }
    const headers = { 'content-type': 'application/json', accept, ...authorization() }
    const sent = performance.now()
    const reply = await exchange(url, request, headers, deadlineOf(request) + GRACE_MS)
    const elapsed_ms = performance.now() - sent
    const one = await understand(reply, elapsed_ms)
    heard.push(one)
    return one
  }
  onTestFinished(async () => {
    await Promise.all(callers.map(({ ended }) => ended()))
    await expectNothingHeld(service)
    await expectCountedOnce(service, heard, callers)
    await expectSilence(service, heard)
  })
  return {
    ...service,
    ask: (body) => post(body, 'application/json'),
    watch: (body) => post(body, 'text/event-stream'),
    come: async (body, accept = 'application/json', headers = {}) => {
      const bodies = [body].flat().map((one) => ({ timeout_ms: RUN_MS, ...one }))
      const caller = startCaller(service, url, bodies, { accept, ...headers })
      callers.push(caller)
      return caller
    },
    view: async (model) =>
      (await service.get('/v1/roster')).json().models.find(({ id }: { id: string }) => id === model),
  }
}

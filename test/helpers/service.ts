import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { expect, onTestFinished } from 'vitest'
import type { ModelServer } from '../../simulator/server.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../simulator/simulate.ts'
import { buildApp } from '../../src/app.ts'
import { parseConfig } from '../../src/config.ts'
import type { ExecuteResponse } from '../../src/contract/result.ts'
import type { RosterFile, RosterView } from '../../src/contract/roster.ts'
import type { WorkflowDefinition } from '../../src/plan/workflow.ts'
import { createLogger } from '../../src/telemetry/log.ts'
import { signToken, type TokenClaims } from '../../src/token.ts'

const SECRET = 'a secret of thirty-two bytes or more'

/** A bearer header of a user who may run and read workflows, or of somebody else. */
export const authorization = (claims: Partial<TokenClaims> = {}) => ({
  authorization: `Bearer ${signToken(SECRET, { subject: 'nurse-1', expiresInS: 600, ...claims })}`,
})

export interface ServiceOptions {
  /** Environment variables beside those that point the service at the simulator. */
  env?: Readonly<Record<string, string>>
  simulator?: SimulatorOptions
  /** Changes the roster that the service reads; its servers run already. */
  roster?: (running: RosterFile) => RosterFile
  workflows?: readonly WorkflowDefinition[]
}

export type LogLine = Readonly<Record<string, unknown>>

export interface TestService {
  app: FastifyInstance
  simulator: Simulator
  /** The simulated server of a model. */
  server: (model: string) => ModelServer
  /** Posts an execute request; a text goes out as it is. */
  execute: (body: object | string, headers?: Record<string, string>) => Promise<LightMyRequestResponse>
  get: (url: string, headers?: Record<string, string>) => Promise<LightMyRequestResponse>
  /** Listens on a free port of the loopback interface, once, and gives its address. */
  listen: () => Promise<string>
  /** Everything that the service has logged. */
  lines: readonly LogLine[]
  /** The first line with this message, as soon as it is there. */
  line: (msg: string) => Promise<LogLine>
}

function createLog() {
  const lines: LogLine[] = []
  let waiting: { msg: string; resolve: (line: LogLine) => void }[] = []
  const log = createLogger('trace', {
    write: (text) => {
      const line = JSON.parse(text) as LogLine
      lines.push(line)
      for (const { msg, resolve } of waiting) if (line.msg === msg) resolve(line)
      waiting = waiting.filter(({ msg }) => msg !== line.msg)
    },
  })
  const line = (msg: string): Promise<LogLine> => {
    const there = lines.find((known) => known.msg === msg)
    return there ? Promise.resolve(there) : new Promise((resolve) => waiting.push({ msg, resolve }))
  }
  return { log, lines, line }
}

/** What is still held; nothing once every run has ended. */
const held = ({ gpus, models }: RosterView): string[] => [
  ...gpus.filter(({ busy }) => busy !== 0).map(({ id, busy }) => `GPU ${id}: ${busy} busy`),
  ...models
    .filter(({ busy, queued }) => busy !== 0 || queued !== 0)
    .map(({ id, busy, queued }) => `${id}: ${busy} busy, ${queued} queued`),
]

/**
 * The whole service on simulated model servers, closed after the test, which fails if a permit was left taken, a run
 * never ended or a promise was rejected unheard. A test that leaves a run behind awaits its log line "run ended" first.
 */
export async function startService(options: ServiceOptions = {}): Promise<TestService> {
  const simulator = await startSimulator(options.simulator)
  const { roster = (running) => running } = options
  const config = parseConfig(
    { NODE_ENV: 'test', JWT_SECRET: SECRET, MODELS_FILE: 'roster.json', DATA_DIR: ':memory:', ...options.env },
    () => JSON.stringify(roster(simulator.roster)),
  )
  const { log, lines, line } = createLog()
  const app = await buildApp(config, { log, ...(options.workflows && { workflows: options.workflows }) })
  const unheard: unknown[] = []
  const hear = (reason: unknown) => unheard.push(reason)
  process.on('unhandledRejection', hear)
  await app.ready()
  let address: Promise<string> | null = null

  onTestFinished(async () => {
    const left = held(app.service.viewRoster())
    const { text } = await app.service.scrape()
    await app.close()
    await simulator.close()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', hear)
    expect(left, 'permits still taken').toEqual([])
    expect(text, 'runs that never ended').toContain('\nconsilium_runs_in_flight 0\n')
    expect(unheard, 'unhandled rejections').toEqual([])
  })
  return {
    app,
    simulator,
    server: (model) => simulator.servers.get(model) as ModelServer,
    execute: (body, headers = authorization()) =>
      app.inject({
        method: 'POST',
        url: '/v1/workflows/execute',
        headers: { 'content-type': 'application/json', ...headers },
        payload: body,
      }),
    get: (url, headers = authorization()) => app.inject({ url, headers }),
    listen: () => {
      address ??= app.listen({ host: '127.0.0.1', port: 0 })
      return address
    },
    lines,
    line,
  }
}

/** Sends JSON as a caller with these claims. */
export const post = ({ app }: TestService, url: string, payload: object, claims = {}) =>
  app.inject({ method: 'POST', url, headers: authorization(claims), payload })

/** Runs a request that must be answered 200, and gives the answer. */
export async function run(service: TestService, body: object): Promise<ExecuteResponse> {
  const response = await service.execute(body)
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}: ${response.body}`)
  return response.json()
}

type Result = ExecuteResponse['results'][number]

/** The result of a task that must be there. */
export function resultOf({ results }: ExecuteResponse, task_id: string): Result {
  const found = results.find((result) => result.task_id === task_id)
  if (!found) throw new Error(`No result of ${task_id}`)
  return found
}

/** A custom run. A task needs no more than its id: it goes to Chat, whose model has no fallback. */
export const custom = (tasks: readonly ({ task_id: string } & Record<string, unknown>)[], more: object = {}) => ({
  workflow_type: 'custom',
  context: {},
  custom_tasks: tasks.map((task) => ({ agent_type: 'Chat', prompt: `Do ${task.task_id}.`, ...task })),
  ...more,
})

export const CHAT = 'Tiny-LLaMA-1.1B-Chat'
export const CLINICAL = 'BioMistral-Clinical-7B'
export const MEDICAL_QA = 'BiMediX2-8B'
export const INSURANCE = 'OpenInsurance-LLaMA3-8B'

/** A stay, for discharge_summary. */
export const STAY = {
  patient_data: 'Woman, 63. Admitted with pneumonia. Ceftriaxone for five days, then well.',
  admission_date: '2026-11-02',
  discharge_date: '2026-11-07',
}

/** Resolves once so many calls wait in the lane of a model. Asks at every turn of the event loop, by no clock. */
export async function queued({ app }: TestService, model: string, count: number): Promise<void> {
  const waiting = () => app.service.viewRoster().models.find(({ id }) => id === model)?.queued
  while (waiting() !== count) await new Promise((resolve) => setImmediate(resolve))
}

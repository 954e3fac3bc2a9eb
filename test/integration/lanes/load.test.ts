import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../simulator/faults.ts'
import type { RosterFile, RosterView } from '../../../src/contract/roster.ts'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'
import {
  authorization,
  CHAT,
  CLINICAL,
  custom,
  INSURANCE,
  MEDICAL_QA,
  STAY,
  startService,
  type TestService,
} from '../../helpers/service.ts'
import { peakOf, seeded, total } from './oracle.ts'

const TRIAGE = 'Tiny-LLaMA-1.1B-Medical'
const SLOTS: Readonly<Record<string, number>> = {
  [CLINICAL]: 2,
  [MEDICAL_QA]: 4,
  [TRIAGE]: 1,
  [INSURANCE]: 3,
  [CHAT]: 1,
}

const roster: RosterFile = {
  ...builtinRoster,
  gpus: [
    { id: 0, max_concurrent: 4 },
    { id: 1, max_concurrent: 2 },
  ],
  models: builtinRoster.models.map((model) => ({ ...model, slots: SLOTS[model.id] ?? 1 })),
}

const REQUESTS = [
  { workflow_type: 'discharge_summary', context: STAY },
  { workflow_type: 'lab_report', context: { lab_results: 'K 5.1', patient_info: 'F, 63' } },
  { workflow_type: 'parallel_qa', context: { question: 'When is a chest CT indicated?' } },
  { workflow_type: 'billing_with_justification', context: { service: 'Chest CT' } },
  { workflow_type: 'comprehensive_assessment', context: { patient_case: 'Chest pain.' } },
  custom([
    { task_id: 'chat' },
    { task_id: 'triage', agent_type: 'Triage', priority: 4 },
    { task_id: 'join', agent_type: 'Claims', dependencies: ['chat', 'triage'] },
  ]),
]

const FAULTS: readonly Fault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 429, retry_after: '0' },
  { kind: 'status', status: 400 },
  { kind: 'reset', at: 'request' },
  { kind: 'reset', at: 'headers' },
  { kind: 'reset', at: 'body' },
  { kind: 'truncated' },
  { kind: 'malformed' },
  { kind: 'empty' },
  { kind: 'slow', ms: 30 },
]
/** Those that a server never ends: only the service's deadline or a cancellation does. */
const ENDLESS: readonly Fault[] = [{ kind: 'hang' }, { kind: 'hang_body' }]

type How = 'json' | 'stream' | 'timeout' | 'leave' | 'leave_stream'
type Answer = { how: How; status: number; body: string } | { how: How; status: null }

/** What the caller number `n` does: half of them wait, the others are impatient in one way or another. */
const howOf = (n: number): How =>
  (['json', 'json', 'stream', 'timeout', 'leave', 'leave_stream'] as const)[n % 6] ?? 'json'

async function call(service: TestService, url: string, n: number, random: () => number): Promise<Answer> {
  const how = howOf(n)
  const request = REQUESTS[Math.floor(random() * REQUESTS.length)]
  const leaving = new AbortController()
  if (how === 'leave') void service.simulator.ledger.until(({ received }) => received > n).then(() => leaving.abort())
  const body = { ...request, priority: Math.floor(random() * 6), ...(how === 'timeout' && { timeout_ms: 1 + n }) }
  try {
    const response = await fetch(`${url}/v1/workflows/execute`, {
      method: 'POST',
      headers: {
        ...authorization(),
        'content-type': 'application/json',
        ...(how.endsWith('stream') && { accept: 'text/event-stream' }),
      },
      body: JSON.stringify(body),
      signal: leaving.signal,
    })
    if (how === 'leave_stream') {
      await response.body?.getReader().read()
      leaving.abort()
      return { how, status: null }
    }
    return { how, status: response.status, body: await response.text() }
  } catch (error) {
    if (leaving.signal.aborted) return { how, status: null }
    throw error
  }
}

const held = ({ gpus, models }: RosterView): number =>
  [...gpus, ...models].reduce((sum, { busy }) => sum + busy, 0) + models.reduce((sum, { queued }) => sum + queued, 0)

/** Lets the runs of callers that have left come to their end. */
async function untilQuiet(service: TestService): Promise<string> {
  for (;;) {
    const { text } = await service.app.service.scrape()
    if (held(service.app.service.viewRoster()) === 0 && total(text, 'consilium_runs_in_flight') === 0) return text
    await turnOfTheLoop()
  }
}

const gpuOf = (model: string) => roster.models.find(({ id }) => id === model)?.gpu

/** The most calls that a GPU's servers, and each single server, ever had at once. */
function peaks(service: TestService, whole = true) {
  const entries = service.simulator.ledger.entries.filter(({ aborted }) => whole || !aborted)
  const of = (belongs: (model: string) => boolean) => peakOf(entries.filter(({ model }) => belongs(model)))
  return {
    servers: Object.keys(SLOTS).map((id) => [id, of((model) => model === id)] as const),
    gpus: roster.gpus.map(
      ({ id, max_concurrent = 0 }) => [max_concurrent, of((model) => gpuOf(model) === id)] as const,
    ),
  }
}

function expectWithin({ servers, gpus }: ReturnType<typeof peaks>): void {
  for (const [id, peak] of servers) expect(peak, id).toBeLessThanOrEqual(SLOTS[id] ?? 0)
  for (const [budget, peak] of gpus) expect(peak, 'GPU budget').toBeLessThanOrEqual(budget)
}

const CALLERS = 500

/** Those that a busy machine turned away at the gate: its event loop lagged, and nothing of theirs was started. */
const shedding = (answers: readonly Answer[]): number => {
  const refused = answers.filter((answer) => answer.status === 503)
  for (const answer of refused) if (answer.status !== null) expect(JSON.parse(answer.body).code).toBe('overloaded')
  return refused.length
}

describe('500 runs at once on five servers with 1 to 4 slots and a budget per GPU', () => {
  it('never pass a slot or a budget, use all of both, and every run that is let in succeeds', async () => {
    const service = await startService({ simulator: { roster, latencyMs: 3 } })
    const url = await service.listen()
    const random = seeded(1)
    const answers = await Promise.all(Array.from({ length: CALLERS }, () => call(service, url, 0, random)))
    const succeeded = answers.filter(({ status }) => status === 200).length
    expect(succeeded + shedding(answers)).toBe(CALLERS)
    expectWithin(peaks(service))
    for (const { ledger, model } of service.simulator.servers.values())
      expect(ledger.maxInFlight, model).toBeLessThanOrEqual(SLOTS[model] ?? 0)
    expect(peaks(service).gpus).toEqual([
      [4, 4],
      [2, 2],
    ])
    const metrics = await untilQuiet(service)
    expect(total(metrics, 'consilium_workflow_runs_total', /status="succeeded"/)).toBe(succeeded)
    expect(total(metrics, 'consilium_model_attempts_total')).toBe(service.simulator.ledger.received)
  })

  it('leave nothing taken when servers fail at random and callers time out or walk away, and each gets one answer', async () => {
    const env = { TASK_TIMEOUT_MS: '400', BREAKER_COOLDOWN_MS: '20' }
    const service = await startService({ env, simulator: { roster, latencyMs: 3 } })
    const url = await service.listen()
    const random = seeded(2)
    for (const server of service.simulator.servers.values())
      server.setFaults(() => {
        const dice = random()
        if (dice < 0.01) return ENDLESS[Math.floor(random() * ENDLESS.length)] ?? null
        return dice < 0.3 ? (FAULTS[Math.floor(random() * FAULTS.length)] ?? null) : null
      })
    const answers = await Promise.all(Array.from({ length: CALLERS }, (_, n) => call(service, url, n, random)))
    const metrics = await untilQuiet(service)
    await service.simulator.ledger.idle()

    for (const answer of answers) {
      if (answer.status === null || answer.status === 503) continue
      if (answer.how === 'stream') {
        expect(answer.status).toBe(200)
        expect(answer.body.match(/^event: run\.finished$/gm)).toHaveLength(1)
        continue
      }
      expect([200, 502, 504]).toContain(answer.status)
      const parsed = JSON.parse(answer.body)
      const run = answer.status === 200 ? parsed : parsed.run
      expect(run.results).toHaveLength(run.metadata.num_tasks)
    }
    // A call that the service gives up is over for it at once; the server learns of it a moment later.
    expectWithin(peaks(service, false))

    const seen = new Set(answers.map(({ status }) => status))
    for (const status of [200, null]) expect(seen).toContain(status)
    // Whether a whole run fails, and which way, is left to chance and to the machine; that tasks do is not.
    expect(total(metrics, 'consilium_tasks_total', /status="succeeded"/)).toBeGreaterThan(0)
    expect(total(metrics, 'consilium_tasks_total', /status="failed"/)).toBeGreaterThan(0)
    const ended = service.lines.filter(({ msg }) => msg === 'run ended')
    expect(total(metrics, 'consilium_workflow_runs_total')).toBe(ended.length)
    expect(new Set(ended.map(({ run_id }) => run_id)).size).toBe(ended.length)
    expect(ended.length).toBeLessThanOrEqual(CALLERS)
    const stayed = answers.filter(({ how }) => !how.startsWith('leave'))
    expect(ended.length).toBeGreaterThanOrEqual(stayed.length - shedding(stayed))
    expect(total(metrics, 'consilium_lane_busy') + total(metrics, 'consilium_lane_queued')).toBe(0)
    const heard = total(
      metrics,
      'consilium_http_request_duration_seconds_count',
      /route="\/v1\/workflows\/execute",status="(?!503)/,
    )
    // A caller may leave before its run has begun: counted as a request, and no run.
    expect(heard).toBeGreaterThanOrEqual(ended.length)
    expect(heard).toBeLessThanOrEqual(CALLERS)
    expect(held((await service.get('/v1/roster')).json())).toBe(0)
  })
})

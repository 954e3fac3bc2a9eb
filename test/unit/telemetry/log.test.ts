import { expect, it } from 'vitest'
import type { ExecuteResponse } from '../../../src/contract/result.ts'
import { safeError } from '../../../src/contract/safe-error.ts'
import { createLogger, describeRun } from '../../../src/telemetry/log.ts'

const CANARY = 'JANE ROE, chest pain'

/** A logger and what it wrote, line by line. */
function capture(level = 'trace') {
  const lines: string[] = []
  const log = createLogger(level, { write: (line) => lines.push(line) })
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown> }
}

const response = {
  run_id: 'run-1',
  workflow_type: 'discharge_summary',
  status: 'partial',
  success: false,
  aggregated_content: CANARY,
  total_latency_ms: 1250,
  parallel_efficiency: 0.84,
  metadata: {
    num_tasks: 3,
    sequential_time_ms: 2100,
    speedup_factor: 1.68,
    ideal_speedup: 1.9,
    critical_path_ms: 1100,
    critical_path: [CANARY],
    queue_time_ms: 1,
    retry_time_ms: 2,
    overhead_ms: 3,
    slowest_path: [CANARY],
    slowest_path_ms: 1248,
    service_ms: 2,
    lanes_used: 2,
    agents: ['Clinical'],
    simulated: false,
    duplicates_removed: 0,
    errors: [
      { task_id: CANARY, code: 'upstream_timeout', message: CANARY, cause: null },
      { task_id: 'b', code: 'dependency_failed', message: CANARY, cause: CANARY },
      { task_id: 'c', code: 'dependency_failed', message: '', cause: null },
    ],
  },
  results: [{ content: CANARY }],
} as unknown as ExecuteResponse

const caller = { tenant: 'ward-7', subject: 'dr-x', request_id: 'req-1' }

it('a line about a run says who, what, how long and which errors, and no word of its texts or task ids', () => {
  const { log, lines, last } = capture()
  log.info(describeRun(response, caller), 'run ended')
  expect(last()).toMatchObject({
    msg: 'run ended',
    request_id: 'req-1',
    run_id: 'run-1',
    tenant: 'ward-7',
    subject: 'dr-x',
    workflow: 'discharge_summary',
    status: 'partial',
    tasks: 3,
    total_ms: 1250,
    speedup: 1.68,
    efficiency: 0.84,
    overhead_ms: 3,
    service_ms: 2,
    errors: { upstream_timeout: 1, dependency_failed: 2 },
  })
  expect(lines.join()).not.toContain(CANARY)
})

it('an error is logged by name, code and place, without its message', () => {
  const { log, lines, last } = capture()
  const error = Object.assign(new TypeError(CANARY), { code: 'ERR_X', patient: CANARY, cause: new Error(CANARY) })
  log.error({ err: error }, 'fault')
  expect(last().err).toMatchObject({ name: 'TypeError', code: 'ERR_X' })
  expect(JSON.stringify(last().err)).toContain('log.test.ts')
  expect(lines.join()).not.toContain(CANARY)
})

it('an error whose message runs over several lines keeps all of them to itself', () => {
  const { log, lines } = capture()
  log.error({ err: new Error(`first line\n${CANARY}\n  at ${CANARY}\n    last line`) }, 'fault')
  expect(lines.join()).not.toContain(CANARY)
})

it('what was thrown need not be an error', () => {
  for (const thrown of [CANARY, null, undefined, 7, { message: CANARY }])
    expect(JSON.stringify(safeError(thrown))).not.toContain(CANARY)
  expect(safeError('x')).toEqual({ name: 'thrown string', code: null, at: [] })
})

it('a code that is no text is left out', () => {
  expect(safeError(Object.assign(new Error('x'), { code: { secret: CANARY } })).code).toBeNull()
})

it('an error names no more than twelve places', () => {
  const dive = (depth: number): Error => (depth === 0 ? new Error('deep') : dive(depth - 1))
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 50
  try {
    expect(safeError(dive(30)).at).toHaveLength(12)
  } finally {
    Error.stackTraceLimit = limit
  }
})

it('requests and replies are logged by id and status alone', () => {
  const { log, lines, last } = capture()
  const req = { id: 'req-1', headers: { authorization: `Bearer ${CANARY}` }, body: CANARY, url: `/x?q=${CANARY}` }
  log.info({ req, res: { statusCode: 200, payload: CANARY } }, 'seen')
  expect(last()).toMatchObject({ req: { id: 'req-1' }, res: { status: 200 } })
  expect(lines.join()).not.toContain(CANARY)
})

it('lines carry a time in ISO form and nothing about the machine', () => {
  const { log, last } = capture()
  log.info('hello')
  expect(Object.keys(last()).sort()).toEqual(['level', 'msg', 'time'])
  expect(new Date(last().time as string).toISOString()).toBe(last().time)
})

it('lines below the level are not written', () => {
  const { log, lines } = capture('warn')
  log.info('no')
  log.warn('yes')
  expect(lines).toHaveLength(1)
  const silent = capture('silent')
  silent.log.fatal('no')
  expect(silent.lines).toHaveLength(0)
})

it('an error logged without words of ours gets none of its own', () => {
  const { log, lines } = capture()
  log.error({ err: new Error(CANARY) })
  log.error(new Error(CANARY))
  expect(lines).toHaveLength(2)
  expect(lines.join()).not.toContain(CANARY)
})

it('a line of a message that looks like a place in code is not taken for one', () => {
  const { log, lines } = capture()
  for (const note of [`note\n at bedside ${CANARY} 08:15:00\nend`, `at /${CANARY}:1:2`, `\n    at ${CANARY} (/x:1:2)`])
    log.error({ err: new Error(note) }, 'fault')
  expect(lines.join()).not.toContain(CANARY)
  expect(lines.join()).toContain('log.test.ts')
})

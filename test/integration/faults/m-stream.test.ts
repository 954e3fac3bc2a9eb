import { describe, expect, it } from 'vitest'
import type { Fault, STREAM_VARIANTS } from '../../../simulator/faults.ts'
import { CHAT, CLINICAL, MEDICAL_QA } from '../../helpers/service.ts'
import { dataOf } from '../../helpers/stream.ts'
import { clinicalRun, hopsOf, resultIn } from './cases.ts'
import type { Heard } from './heard.ts'
import { startTrial } from './oracle.ts'

type Variant = (typeof STREAM_VARIANTS)[number]

const TEXT = 'The patient came with chest pain – 38,5 °C – and left well. 患者は元気です 😀. '.repeat(8)
const stream = (variant: Variant): Fault => ({ kind: 'stream', variant })
const clinical = (more: object = {}) => clinicalRun([{ task_id: 'a', agent_type: 'Clinical', ...more }])
// Time between the pieces: those that come all at once are joined, or taken back before anybody has seen them.
const says = { simulator: { reply: () => TEXT, latencyMs: 40 } }

/** The text of each attempt, as it was told piece by piece. */
function toldBy({ events }: Heard): Map<number, string> {
  const told = new Map<number, string>()
  for (const { attempt, delta } of dataOf(events, 'task.delta')) told.set(attempt, (told.get(attempt) ?? '') + delta)
  return told
}

/** Every attempt but the last that has told anything is taken back, before the next one starts. */
function expectTakenBack(heard: Heard): void {
  const last = dataOf(heard.events, 'task.started').at(-1)?.attempt ?? 0
  const told = [...toldBy(heard).keys()].filter((attempt) => attempt < last)
  const discarded = dataOf(heard.events, 'task.retried').filter(({ discard }) => discard)
  expect(discarded.map(({ attempt }) => attempt)).toEqual(expect.arrayContaining(told))
  for (const [at, { event, data }] of heard.events.entries())
    if (event === 'task.delta')
      expect(
        heard.events.slice(0, at).some((one) => one.event === 'task.retried' && one.data.attempt >= data.attempt),
        'a piece of an attempt that was taken back',
      ).toBe(false)
}

describe('M13 a token stream', () => {
  it('M13 comes piece by piece, and the pieces are the answer', async () => {
    const trial = await startTrial(says)
    const heard = await trial.watch(clinical())
    expect(resultIn(heard, 'a')).toMatchObject({ status: 'succeeded', model: CLINICAL })
    expect(resultIn(heard, 'a').content?.trim()).toBe(TEXT.trim())
    expect(dataOf(heard.events, 'task.delta').length).toBeGreaterThan(3)
    expect(toldBy(heard).get(1)?.trim()).toBe(TEXT.trim())
  })

  it.each<[Variant, string[]]>([
    ['cut', ['bad_upstream_response']],
    ['no_done', ['bad_upstream_response']],
    ['bad_chunk', ['bad_upstream_response']],
    ['giant_line', ['bad_upstream_response', 'response_too_large']],
    ['stall', ['upstream_timeout']],
    ['error', ['upstream_error', 'bad_upstream_response']],
  ])('M13 with %s: what was told is taken back, and the fallback writes the whole of it', async (variant, codes) => {
    const trial = await startTrial(says)
    trial.server(CLINICAL).setFaults(() => stream(variant))
    const heard = await trial.watch(clinical({ timeout_ms: 2000 }))
    const result = resultIn(heard, 'a')
    expect(result).toMatchObject({ status: 'succeeded', model: MEDICAL_QA })
    const hops = hopsOf(result)
    expect(hops.at(-1)).toEqual([MEDICAL_QA, 'ok'])
    for (const [model, outcome] of hops.slice(0, -1)) {
      expect(model).toBe(CLINICAL)
      expect(codes).toContain(outcome)
    }
    expect(dataOf(heard.events, 'task.retried')[0], 'half of the text had been told').toMatchObject({ discard: true })
    expect([...toldBy(heard).keys()]).toContain(1)
    expectTakenBack(heard)
    expect(toldBy(heard).get(hops.length)?.trim()).toBe(result.content?.trim())
    await trial.simulator.ledger.idle()
  })

  it.each<Variant>(['cut', 'no_done', 'bad_chunk', 'giant_line', 'error'])(
    'M13 with %s and no fallback: the task fails, and its half is nowhere in the run',
    async (variant) => {
      const trial = await startTrial(says)
      trial.server(CHAT).setFaults(() => stream(variant))
      const heard = await trial.watch(clinicalRun([{ task_id: 'a' }]))
      expect(heard.problem).toMatchObject({ code: 'run_failed', status: 502 })
      expect(resultIn(heard, 'a')).toMatchObject({ status: 'failed', content: null })
      expect(heard.run?.aggregated_content).not.toContain('The patient came')
      expectTakenBack(heard)
    },
  )

  it('M13 with a stall and no fallback: upstream_timeout by the deadline, and the server is let go', async () => {
    const trial = await startTrial(says)
    trial.server(CHAT).setFaults(() => stream('stall'))
    const heard = await trial.watch(clinicalRun([{ task_id: 'a', timeout_ms: 300 }]))
    expect(resultIn(heard, 'a')).toMatchObject({ status: 'failed', content: null, error: { code: 'upstream_timeout' } })
    await trial.server(CHAT).ledger.idle()
    expect(trial.server(CHAT).ledger).toMatchObject({ received: 1, aborted: 1 })
  })

  it.each<Variant>(['split_utf8', 'crlf', 'comments'])('M13 with %s is read as it is meant', async (variant) => {
    const trial = await startTrial(says)
    trial.server(CHAT).setFaults(() => stream(variant))
    const heard = await trial.watch(clinicalRun([{ task_id: 'a' }]))
    const { content, status, attempts } = resultIn(heard, 'a')
    expect([status, attempts.length]).toEqual(['succeeded', 1])
    expect(content).toContain(TEXT.trim())
    if (variant === 'split_utf8') expect(content).toContain('µg–😀')
    expect(content).not.toContain('\uFFFD')
    expect(toldBy(heard).get(1)?.trim()).toBe(content?.trim())
  })

  it.each<[string, Fault]>([
    ['M16 reset in its middle', { kind: 'reset', at: 'body' }],
    ['M06 refused with 500', { kind: 'status', status: 500 }],
    ['M14 with bytes that are no UTF-8', { kind: 'bad_text', variant: 'invalid_utf8' }],
    ['M18 that says nothing', { kind: 'empty' }],
    ['M19 that is filtered', { kind: 'finish', reason: 'content_filter' }],
    ['M04 that trickles', { kind: 'trickle', interval_ms: 20 }],
    ['M12 of a gigabyte', { kind: 'huge', megabytes: 1024, framing: 'chunked' }],
    ['M09 that is not JSON', { kind: 'malformed' }],
    ['M11 without choices', { kind: 'schema', variant: 'choices_object' }],
  ])('%s ends like an answer that was fetched whole, and its events agree', async (name, fault) => {
    const trial = await startTrial(says)
    trial.server(CLINICAL).setFaults(() => fault)
    const heard = await trial.watch(clinical({ timeout_ms: 1500 }))
    const result = resultIn(heard, 'a')
    expect(result.status).toBe('succeeded')
    expect(result.model).toBe(name.startsWith('M14') ? CLINICAL : MEDICAL_QA)
    expect(result.content?.isWellFormed()).toBe(true)
    expectTakenBack(heard)
    expect(toldBy(heard).get(result.attempts.length)?.trim()).toBe(result.content?.trim())
  })

  it('M19 cut by its length is marked as cut', async () => {
    const trial = await startTrial(says)
    trial.server(CHAT).setFaults(() => ({ kind: 'finish', reason: 'length' }))
    const heard = await trial.watch(clinicalRun([{ task_id: 'a' }]))
    expect(resultIn(heard, 'a')).toMatchObject({ status: 'succeeded', truncated: true })
    expect(dataOf(heard.events, 'task.succeeded')).toMatchObject([{ truncated: true }])
  })
})

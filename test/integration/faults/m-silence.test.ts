import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../simulator/faults.ts'
import { chatCompletion, httpAnswer, type RawCall, startRawServer } from '../../helpers/raw-server.ts'
import { CHAT, CLINICAL, MEDICAL_QA } from '../../helpers/service.ts'
import { total } from '../lanes/oracle.ts'
import { clinicalRun, hopsOf, outcomesOf, resultIn } from './cases.ts'
import { SERVER_WORDS, startTrial } from './oracle.ts'

const SILENCES: [string, Fault][] = [
  ['M02 accepts and sends nothing', { kind: 'hang' }],
  ['M02 stops within its headers', { kind: 'raw', bytes: 'HTTP/1.1 200 OK\r\ncontent-', hold: true }],
  ['M03 stops within the body', { kind: 'hang_body' }],
  ['M04 trickles a byte at a time', { kind: 'trickle', interval_ms: 20 }],
]

describe('a server that keeps silent', () => {
  it.each(SILENCES)(
    '%s: upstream_timeout by the deadline, asked once, and its slot is free again',
    async (_, fault) => {
      const trial = await startTrial({ simulator: { slots: 1, reply: () => SERVER_WORDS } })
      const { ledger, setFaults } = trial.server(CHAT)
      setFaults([fault])
      const tasks = [{ task_id: 'a', timeout_ms: 250 }]
      const heard = await trial.ask(clinicalRun(tasks))
      expect(resultIn(heard, 'a')).toMatchObject({ status: 'failed', error: { code: 'upstream_timeout' } })
      expect(heard.problem).toMatchObject({ status: 502, code: 'run_failed' })
      await ledger.idle()
      expect(ledger).toMatchObject({ received: 1, aborted: 1 })
      setFaults([{ kind: 'malformed' }])
      await trial.ask(clinicalRun([{ task_id: 'a' }]))
      expect(ledger.received).toBe(2)
    },
  )

  it.each(SILENCES)('%s: the fallback still has its time', async (_, fault) => {
    const trial = await startTrial()
    trial.server(CLINICAL).setFaults(() => fault)
    const heard = await trial.ask(clinicalRun([{ task_id: 'a', agent_type: 'Clinical', timeout_ms: 2000 }]))
    expect(heard.run?.status).toBe('succeeded')
    expect(hopsOf(resultIn(heard, 'a'))).toEqual([
      [CLINICAL, 'upstream_timeout'],
      [MEDICAL_QA, 'ok'],
    ])
  })

  it('M02 is cut off by the deadline of the run too: 504 with the run', async () => {
    const trial = await startTrial()
    trial.server(CHAT).setFaults(() => ({ kind: 'hang' }))
    const tasks = [{ task_id: 'a' }, { task_id: 'sound', agent_type: 'Clinical' }]
    const heard = await trial.ask(clinicalRun(tasks, { timeout_ms: 250 }))
    expect(heard.problem).toMatchObject({ status: 504, code: 'run_timeout' })
    expect(heard.run?.results.map(({ status }) => status)).toEqual(['cancelled', 'succeeded'])
  })

  it('M02 is asked again only if there is time: a failure just before the deadline is the last', async () => {
    const trial = await startTrial()
    trial.server(CHAT).setFaults(() => ({ kind: 'status', status: 503, retry_after: '1' }))
    const heard = await trial.ask(clinicalRun([{ task_id: 'a', timeout_ms: 500 }]))
    expect(outcomesOf(resultIn(heard, 'a'))).toEqual(['upstream_error'])
    expect(heard.elapsed_ms).toBeLessThan(500)
  })
})

describe('M20 an answer that comes too late, or twice', () => {
  /** Whom the prompt is about, as the oracle of whose answer it is. */
  const patientOf = ({ body }: RawCall): string => /patient-\d+/.exec(body)?.[0] ?? 'nobody'
  const answerTo = (call: RawCall): Buffer => httpAnswer({ body: chatCompletion({ content: patientOf(call) }) })
  const about = (n: number, more: object = {}) =>
    clinicalRun([{ task_id: 'a', prompt: `How is patient-${n} today? Answer in a sentence.`, ...more }])

  it('M20 late: the task has failed, once, and the next one gets its own answer', async () => {
    const held: RawCall[] = []
    const server = await startRawServer((call) => {
      if (call.method !== 'POST') call.socket.write(httpAnswer({ status: 404 }))
      else if (patientOf(call) === 'patient-1') held.push(call)
      else call.socket.write(answerTo(call))
    })
    const trial = await startTrial({ servers: { [CHAT]: server.url } })
    const late = await trial.ask(about(1, { timeout_ms: 150 }))
    expect(resultIn(late, 'a')).toMatchObject({ status: 'failed', error: { code: 'upstream_timeout' } })
    for (const call of held) if (!call.socket.destroyed) call.socket.write(answerTo(call))
    const next = await Promise.all([2, 3, 4, 5].map((n) => trial.ask(about(n))))
    expect(next.map((heard) => resultIn(heard, 'a').content)).toEqual([2, 3, 4, 5].map((n) => `patient-${n}`))
    expect(held).toHaveLength(1)
  })

  it('M20 twice: one result, and the second is counted', async () => {
    const server = await startRawServer((call) => {
      if (call.method !== 'POST') call.socket.write(httpAnswer({ status: 404 }))
      else call.socket.write(Buffer.concat([answerTo(call), answerTo(call)]))
    })
    const trial = await startTrial({ servers: { [CHAT]: server.url } })
    for (const n of [1, 2, 3]) expect(resultIn(await trial.ask(about(n)), 'a').content).toBe(`patient-${n}`)
    const { text } = await trial.app.service.scrape()
    expect(total(text, 'consilium_model_ignored_answers_total', /duplicate/)).toBeGreaterThanOrEqual(1)
  })

  it('M20 a burst of late answers under load: none is given to another task', async () => {
    const server = await startRawServer((call) => {
      if (call.method !== 'POST') return void call.socket.write(httpAnswer({ status: 404 }))
      const answer = () => call.socket.destroyed || call.socket.write(answerTo(call))
      if (Number(/\d+/.exec(patientOf(call))?.[0]) % 3 === 0) setTimeout(answer, 120)
      else answer()
    })
    const trial = await startTrial({ servers: { [CHAT]: server.url } })
    const patients = Array.from({ length: 30 }, (_, n) => n)
    const all = await Promise.all(patients.map((n) => trial.ask(about(n, { timeout_ms: n % 3 === 0 ? 80 : 5000 }))))
    for (const [n, heard] of all.entries())
      if (n % 3 !== 0) expect(resultIn(heard, 'a')).toMatchObject({ status: 'succeeded', content: `patient-${n}` })
      // A run that could not end in time by all that is known is refused before: it has no result at all.
      else
        expect(heard.run === null ? heard.problem?.code : resultIn(heard, 'a').content).toBe(
          heard.problem?.code === 'overloaded' ? 'overloaded' : null,
        )
  })
})

it('M03 half an answer is never told: not in the result, not in the document', async () => {
  const trial = await startTrial({ simulator: { reply: () => SERVER_WORDS } })
  trial.server(CHAT).setFaults(() => ({ kind: 'hang_body' }))
  trial.server(CLINICAL).setFaults(() => ({ kind: 'malformed' }))
  trial.server(MEDICAL_QA).setFaults(() => ({ kind: 'truncated' }))
  const tasks = [
    { task_id: 'a', timeout_ms: 300 },
    { task_id: 'b', agent_type: 'Clinical', timeout_ms: 300 },
  ]
  const heard = await trial.ask(clinicalRun(tasks))
  expect(heard.run?.results.map(({ status, content }) => [status, content])).toEqual([
    ['failed', null],
    ['failed', null],
  ])
})

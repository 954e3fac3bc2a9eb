import { describe, expect, it } from 'vitest'
import { CHAT, CLINICAL } from '../../helpers/service.ts'
import { rawConnection } from '../../helpers/simulator-client.ts'
import { clinicalRun, resultIn } from './cases.ts'
import { takeAnswers } from './exchange.ts'
import { startTrial, type Trial } from './oracle.ts'
import { until } from './until.ts'

const idsOf = (results: readonly { task_id: string }[] = []) => results.map(({ task_id }) => task_id)

const portOf = async (trial: Trial) => Number(new URL(await trial.listen()).port)

describe('C20 several requests on one connection before any answer', () => {
  const bodies = ['slow', 'quick', 'middle'].map((task_id) => clinicalRun([{ task_id, prompt: `Say ${task_id}.` }]))

  it.each(['application/json', 'text/event-stream'])(
    'C20 are answered in their order, each with its own run, however they end (%s)',
    async (accept) => {
      const delays: Readonly<Record<string, number>> = { slow: 100, quick: 0, middle: 50 }
      const trial = await startTrial({
        simulator: {
          slots: 3,
          echo: true,
          latencyMs: ({ messages }) =>
            delays[/Say (\w+)\./.exec(messages.at(-1)?.content ?? '')?.[1] ?? ''] ?? Number.NaN,
        },
      })
      const caller = await trial.come(bodies, accept)
      const answers = await caller.answers()
      expect(answers.map(({ run }) => idsOf(run?.results))).toEqual([['slow'], ['quick'], ['middle']])
      for (const heard of answers) {
        const [task_id = ''] = idsOf(heard.run?.results)
        expect(resultIn(heard, task_id).content).toContain(`Say ${task_id}.`)
      }
      // In the log each run stands under the subject that asked for it.
      const lines = await caller.ended()
      expect(lines.map(({ run_id }) => run_id)).toEqual(answers.map(({ run }) => run?.run_id))
    },
  )

  it('C20 are all cancelled when their caller leaves', async () => {
    const trial = await startTrial({ simulator: { slots: 3 } })
    trial.server(CHAT).setFaults(() => ({ kind: 'hang' }))
    const caller = await trial.come(bodies)
    await trial.simulator.ledger.until(({ received }) => received === 3)
    caller.leave()
    expect((await caller.ended()).map(({ status }) => status)).toEqual(Array(3).fill('cancelled'))
    await until(() => trial.simulator.ledger.aborted === 3, 'three calls broken off')
  })

  it('C20 with bytes behind them that are no request: their refusal is not passed off as the answer of a run', async () => {
    const trial = await startTrial({ simulator: { latencyMs: 50 } })
    const caller = await trial.come(clinicalRun([{ task_id: 'a' }]))
    await trial.simulator.ledger.until(({ received }) => received === 1)
    caller.socket.write('\0\0 this is no HTTP \r\n\r\n')
    await caller.closed
    await caller.ended()
    expect(caller.received()).toBe('')
  })
})

it.each(['application/json', 'text/event-stream'])(
  'C20 is closed behind its answer when the caller asks for that (%s)',
  async (accept) => {
    const trial = await startTrial()
    const caller = await trial.come(clinicalRun([{ task_id: 'a' }]), accept, { connection: 'close' })
    expect(await caller.closed).toBe('end')
    const [heard] = takeAnswers(Buffer.from(caller.received(), 'latin1'))
    expect(heard).toMatchObject({ statusCode: 200, headers: { connection: 'close' } })
  },
)

it('C20 the preface of HTTP/2 is refused and the connection closed, and nobody else notices', async () => {
  const trial = await startTrial({ simulator: { latencyMs: 50 } })
  const running = trial.ask(clinicalRun([{ task_id: 'a' }]))
  const { socket, received, ended } = rawConnection(await portOf(trial))
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0')
  expect(await ended).toBe('end')
  expect(received()).toMatch(/^HTTP\/1\.1 400 /)
  expect(received().match(/HTTP\/1\.1 /g)).toHaveLength(1)
  expect((await running).run?.status).toBe('succeeded')
})

it('C20 an upgrade to HTTP/2 is not taken up: the request is answered as if it had not been offered', async () => {
  const { socket, received, ended } = rawConnection(await portOf(await startTrial()))
  const upgrade = 'connection: upgrade, http2-settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n'
  socket.write(`GET /health/live HTTP/1.1\r\nhost: x\r\n${upgrade}\r\n`)
  await ended
  expect(received().match(/HTTP\/1\.1 (\d+)/g)).toEqual(['HTTP/1.1 200'])
})

describe('C20 a caller who ends its half of the connection', () => {
  it.each(['application/json', 'text/event-stream'])('C20 has left: its run is cancelled (%s)', async (accept) => {
    const trial = await startTrial()
    trial.server(CHAT).setFaults([{ kind: 'hang' }])
    trial.server(CLINICAL).setFaults([{ kind: 'hang_body' }])
    const tasks = [{ task_id: 'a' }, { task_id: 'b', agent_type: 'Clinical' }]
    const caller = await trial.come(clinicalRun(tasks), accept)
    await trial.simulator.ledger.until(({ received }) => received === 2)
    caller.socket.end()
    expect(await caller.ended()).toMatchObject([{ status: 'cancelled' }])
    await until(() => trial.simulator.ledger.aborted === 2, 'both calls broken off')
    expect(await caller.closed).toBe('end')
    expect(caller.received()).not.toContain('run.finished')
  })

  it('C20 in the middle of a request starts nothing', async () => {
    const trial = await startTrial()
    const { socket, ended } = rawConnection(await portOf(trial))
    socket.end('POST /v1/workflows/execute HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"workflow')
    expect(['end', 'ECONNRESET']).toContain(await ended)
    expect((await trial.ask(clinicalRun([{ task_id: 'a' }]))).run?.status).toBe('succeeded')
    expect(trial.simulator.ledger.received).toBe(1)
  })
})

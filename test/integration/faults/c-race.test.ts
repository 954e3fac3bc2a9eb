import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { CHAT } from '../../helpers/service.ts'
import { seeded, total } from '../lanes/oracle.ts'
import { clinicalRun } from './cases.ts'
import { startTrial, type Trial } from './oracle.ts'

const RACERS = 60
const LATENCY_MS = 30

/** As many runs as there are slots, so that all end at about the same moment, each with one call of its own. */
const start = () => startTrial({ simulator: { slots: RACERS, latencyMs: LATENCY_MS } })

const racer = (at: number, more: object = {}) =>
  clinicalRun(
    [
      { task_id: `racer-${at}`, prompt: `Racer ${at}.` },
      { task_id: 'after', dependencies: [`racer-${at}`] },
    ],
    more,
  )

/** Resolves when the server is about to hand over the last byte of a racer's first answer. */
const answered = async (trial: Trial, at: number): Promise<void> => {
  const own = (text: string) => text.includes(`Racer ${at}.`)
  await trial
    .server(CHAT)
    .ledger.until(({ entries }) =>
      entries.some(({ messages, endedAt }) => endedAt !== null && messages.some(({ content }) => own(content))),
    )
}

/** What the metrics say of runs and of tasks, by how they ended. */
async function counted(trial: Trial, statuses: readonly string[]) {
  const { text } = await trial.app.service.scrape()
  return statuses.map((status) => total(text, 'consilium_workflow_runs_total', new RegExp(`status="${status}"`)))
}

const countOf = (all: readonly unknown[], one: string) => all.filter((status) => status === one).length

describe('C19 a cancellation that races the end of its run', () => {
  it.each([
    ['JSON', 'application/json', 19],
    ['events', 'text/event-stream', 20],
  ])(
    'C19 by callers who leave around the last byte (%s): each run ends once, one way or the other',
    async (_, accept, seed) => {
      const trial = await start()
      const random = seeded(seed)
      const ends = await Promise.all(
        Array.from({ length: RACERS }, async (_, at) => {
          const caller = await trial.come(racer(at), accept)
          // A third before the first answer, a third some turns of the event loop after it, a third about the end of the run.
          if (at % 3 === 0) await sleep(random() * LATENCY_MS)
          else await answered(trial, at)
          if (at % 3 === 2) await sleep(LATENCY_MS + random() * 20 - 10)
          for (let turns = Math.floor(random() * 40); turns > 0; turns--) await setImmediate()
          caller.leave()
          const lines = await caller.ended()
          return { status: lines[0]?.status, lines: lines.length, received: caller.received() }
        }),
      )
      expect(ends.every(({ lines }) => lines === 1)).toBe(true)
      const statuses = ends.map(({ status }) => status)
      const [succeeded, cancelled] = [countOf(statuses, 'succeeded'), countOf(statuses, 'cancelled')]
      expect(succeeded + cancelled).toBe(RACERS)
      expect(Math.min(succeeded, cancelled), 'the race was one').toBeGreaterThan(0)
      expect(await counted(trial, ['succeeded', 'cancelled', 'partial', 'failed'])).toEqual([
        succeeded,
        cancelled,
        0,
        0,
      ])
      // Whoever got the answer before leaving was told what the log says.
      for (const { status, received } of ends)
        if (/"status":"(succeeded|cancelled)","success"/.test(received))
          expect(received).toContain(`"status":"${status}"`)
    },
  )

  it('C19 by deadlines around the last byte: each caller is told one end, and it is the one that was counted', async () => {
    const trial = await start()
    const random = seeded(21)
    const heard = await Promise.all(
      Array.from({ length: RACERS }, (_, at) =>
        trial.ask(racer(at, { timeout_ms: Math.ceil(LATENCY_MS * (0.5 + 4 * random())) })),
      ),
    )
    for (const { reply, run, problem } of heard) {
      const [first, after] = run?.results ?? []
      if (reply.statusCode === 200)
        expect([run?.status, first?.status, after?.status]).toEqual(['succeeded', 'succeeded', 'succeeded'])
      else {
        expect([reply.statusCode, problem?.code, after?.status]).toEqual([504, 'run_timeout', 'cancelled'])
        expect(['succeeded', 'cancelled', 'failed']).toContain(first?.status)
      }
      const line = trial.lines.find(({ msg, run_id }) => msg === 'run ended' && run_id === run?.run_id)
      expect(line).toMatchObject({ status: run?.status, timed_out: reply.statusCode === 504 })
    }
    const codes = heard.map(({ reply }) => String(reply.statusCode))
    expect(Math.min(countOf(codes, '200'), countOf(codes, '504')), 'the race was one').toBeGreaterThan(0)
    const said = heard.map(({ run }) => run?.status)
    const statuses = ['succeeded', 'partial', 'failed', 'cancelled']
    expect(await counted(trial, statuses)).toEqual(statuses.map((status) => countOf(said, status)))
  })
})

import { describe, expect, it } from 'vitest'
import { CHAT, custom } from '../../helpers/service.ts'
import { startTrial, type Trial } from './oracle.ts'

const TASKS = 200
const LATENCY_MS = 4
/** Calls of the large run between two singles. */
const SPACING = 8
/** Calls of the large run that a single may have to let go first. */
const FEW = 6

const large = custom(Array.from({ length: TASKS }, (_, n) => ({ task_id: `large${n}` })))
const single = (n: number) => custom([{ task_id: 'single', prompt: `Single ${n}.` }])

/** Enough calls for the averages to be what calls usually take: the first of a process takes much longer. */
async function teach(trial: Trial): Promise<void> {
  for (let count = 0; count < 20; count++) await trial.ask(custom([{ task_id: 'usual' }]))
}

/** How many calls of the large run came to the server between a single's asking and its own call. */
async function passedBy(trial: Trial, n: number): Promise<number> {
  const { ledger } = trial.server(CHAT)
  const before = ledger.received
  expect((await trial.ask(single(n))).run?.status).toBe('succeeded')
  const own = ledger.entries.findIndex(({ messages }) =>
    messages.some(({ content }) => content.includes(`Single ${n}.`)),
  )
  return own - before
}

/** Runs the large one, and singles beside it from its beginning to near its end. */
async function beside(trial: Trial) {
  const { ledger } = trial.server(CHAT)
  ledger.clear()
  const running = trial.ask(large)
  await ledger.until(({ received }) => received > 0)
  const passed: number[] = []
  for (let n = 0; ledger.received < TASKS - 20; n++) {
    passed.push(await passedBy(trial, n))
    const next = ledger.received + SPACING
    await ledger.until(({ received }) => received >= Math.min(next, TASKS))
  }
  expect((await running).run?.status).toBe('succeeded')
  expect(passed.length).toBeGreaterThan(10)
  return passed
}

describe('T09 a run of 200 tasks, and singles that come while it is on its way', () => {
  it.each([1, 3])('T09 on %d slots: no single waits for more than a few of its calls', async (slots) => {
    const trial = await startTrial({ simulator: { slots, latencyMs: LATENCY_MS } })
    await teach(trial)
    expect(Math.max(...(await beside(trial)))).toBeLessThanOrEqual(FEW * slots)
  })

  it('T09 when nothing is known yet of how long its calls take', async () => {
    const trial = await startTrial({ simulator: { slots: 1, latencyMs: LATENCY_MS } })
    expect(Math.max(...(await beside(trial)))).toBeLessThanOrEqual(FEW)
  })
})

import { expect } from 'vitest'
import type { Fault } from '../../../simulator/faults.ts'
import type { ExecuteResponse, TaskResult } from '../../../src/contract/result.ts'
import type { TaskErrorCode } from '../../../src/errors.ts'
import { CHAT, custom } from '../../helpers/service.ts'
import { CANARY } from '../privacy/canary.ts'
import type { Heard } from './heard.ts'
import { startTrial, type Trial } from './oracle.ts'

export const PROMPT = `${CANARY}. Summarise the stay of this patient in two plain sentences, please.`

type Task = { task_id: string } & Record<string, unknown>

/** A custom run whose prompts hold clinical text. */
export const clinicalRun = (tasks: readonly Task[], more: object = {}) =>
  custom(
    tasks.map((task) => ({ prompt: PROMPT, ...task })),
    more,
  )

/** One task on the model that has no fallback, and one on another GPU, which must not notice what befalls the first. */
export const pair = (more: object = {}) =>
  clinicalRun([
    { task_id: 'faulty', ...more },
    { task_id: 'sound', agent_type: 'Clinical', ...more },
  ])

/** The result of a task in what was heard, which must hold a run. */
export function resultIn({ run }: Heard, task_id: string): TaskResult {
  const found = (run as ExecuteResponse | null)?.results.find((result) => result.task_id === task_id)
  if (!found) throw new Error(`No result of ${task_id}`)
  return found
}

export const outcomesOf = ({ attempts }: Pick<TaskResult, 'attempts'>): string[] =>
  attempts.map(({ outcome }) => outcome)

/** Models and outcomes of the attempts of one task. */
export const hopsOf = ({ attempts }: Pick<TaskResult, 'attempts'>) =>
  attempts.map(({ model, outcome }) => [model, outcome])

/** Runs the pair on a trial; the faulty task must fail with this code after so many attempts, the sound one succeed. */
export async function expectFailure(trial: Trial, code: TaskErrorCode, attempts: number, more: object = {}) {
  const heard = await trial.ask(pair(more))
  const faulty = resultIn(heard, 'faulty')
  expect(heard.reply.statusCode).toBe(200)
  expect(faulty).toMatchObject({ status: 'failed', error: { code } })
  expect(outcomesOf(faulty)).toEqual(Array(attempts).fill(code))
  expect(heard.run?.metadata.errors).toEqual([{ task_id: 'faulty', ...faulty.error, cause: null }])
  expect(resultIn(heard, 'sound')).toMatchObject({ status: 'succeeded', error: null })
  expect(heard.run).toMatchObject({ status: 'partial', success: false })
  return { heard, faulty }
}

/** A trial whose Chat server does this to every call, run and judged. */
export async function faultFails(fault: Fault, code: TaskErrorCode, attempts: number, more: object = {}) {
  const trial = await startTrial()
  trial.server(CHAT).setFaults(() => fault)
  const { heard, faulty } = await expectFailure(trial, code, attempts, more)
  // One more where the connection was reset on which the server had been asked for its health: M17.
  const { received } = trial.server(CHAT).ledger
  const again = fault.kind === 'reset' && fault.at === 'request' ? 1 : 0
  expect(received).toBeGreaterThanOrEqual(attempts)
  expect(received).toBeLessThanOrEqual(attempts + again)
  return { trial, heard, faulty }
}

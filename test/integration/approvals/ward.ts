import { setTimeout as pause } from 'node:timers/promises'
import type { LightMyRequestResponse } from 'fastify'
import { expect } from 'vitest'
import type { RunEvent } from '../../../src/contract/events.ts'
import type { ExecuteInput } from '../../../src/contract/execute.ts'
import { type ApprovalView, RunView } from '../../../src/contract/runs.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { authorization, type ServiceOptions, startService, type TestService } from '../../helpers/service.ts'

/** Who may decide, and did not ask for the run. */
export const DOCTOR = { subject: 'dr-wilson', scopes: ['runs:read', 'runs:approve'] }
/** Asks for runs, and may decide too. */
export const NURSE = { subject: 'nurse-1', scopes: ['workflows:execute', 'runs:read', 'runs:approve'] }

export interface Ward extends TestService {
  submit: (body: ExecuteInput, headers?: Record<string, string>) => Promise<LightMyRequestResponse>
  /** Submits a run that nobody waits for; its id. */
  begin: (body: ExecuteInput) => Promise<string>
  view: (run_id: string) => Promise<RunView>
  /** The run as soon as it is so. */
  until: (run_id: string, met: (run: RunView) => boolean) => Promise<RunView>
  waiting: (run_id: string) => Promise<RunView>
  ended: (run_id: string) => Promise<RunView>
  decide: (run_id: string, decision: object, who?: typeof DOCTOR) => Promise<LightMyRequestResponse>
  /** Decides, which must be accepted. */
  decided: (run_id: string, decision: object) => Promise<ApprovalView>
  cancel: (run_id: string) => Promise<LightMyRequestResponse>
  /** The history of a run that has ended. */
  history: (run_id: string) => Promise<{ id: number; event: RunEvent }[]>
}

/** The service with words for its approvals. */
export async function openWard(options: ServiceOptions = {}): Promise<Ward> {
  const service = await startService(options)
  const { app, get } = service
  const post = (url: string, payload: object, headers: Record<string, string>) =>
    app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json', ...headers }, payload })
  const view = async (run_id: string): Promise<RunView> => {
    const answer = await get(`/v1/runs/${run_id}`, authorization({ ...DOCTOR }))
    expect(answer.statusCode, answer.body).toBe(200)
    return RunView.parse(answer.json())
  }
  const until: Ward['until'] = async (run_id, met) => {
    for (;;) {
      const run = await view(run_id)
      if (met(run)) return run
      await pause(5)
    }
  }
  const submit: Ward['submit'] = (body, headers = {}) =>
    post('/v1/workflows/execute', body, { ...authorization({ ...NURSE }), ...headers })
  const decide: Ward['decide'] = (run_id, decision, who = DOCTOR) =>
    post(`/v1/runs/${run_id}/approval`, decision, authorization({ ...who }))
  return {
    ...service,
    submit,
    begin: async (body) => {
      const answer = await submit(body, { prefer: 'respond-async' })
      expect(answer.statusCode, answer.body).toBe(202)
      return answer.json().run_id
    },
    view,
    until,
    waiting: (run_id) => until(run_id, ({ status }) => status === 'awaiting_approval'),
    ended: (run_id) => until(run_id, ({ finished_at }) => finished_at !== null),
    decide,
    decided: async (run_id, decision) => {
      const answer = await decide(run_id, decision)
      expect(answer.statusCode, answer.body).toBe(200)
      return answer.json()
    },
    cancel: (run_id) => post(`/v1/runs/${run_id}/cancel`, {}, authorization({ ...NURSE })),
    history: async (run_id) => {
      const told: { id: number; event: RunEvent }[] = []
      await app.service.runs.watch({
        tenant: 'default',
        run_id,
        after: 0,
        emit: (event, id) => told.push({ id: id ?? -1, event }),
        left: new Cancellation(),
      })
      return told
    },
  }
}

/** One task on a simulated model that writes this text. */
export const letter = (own: Partial<ExecuteInput> = {}): ExecuteInput => ({
  workflow_type: 'custom',
  custom_tasks: [{ task_id: 'letter', agent_type: 'Chat', prompt: 'Write the letter.' }],
  approval: {},
  ...own,
})

export const TEXT = 'Discharged on day five.\nAspirin 100 mg daily.\nSee the surgeon in two weeks.'
export const WRITES = { simulator: { reply: () => TEXT } }

import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineWorkflow } from '../../../src/plan/workflow.ts'
import { authorization } from '../../helpers/service.ts'
import { letter, NURSE, openWard, TEXT, WRITES } from './ward.ts'

const SIMULATED = '[SIMULATED: written by a simulator, not by a model. Not for clinical use.]'
const REJECTED = '[REJECTED: a human has decided that this document is not to be used.]'

test('a caller who waits for a document that a human must approve gets 202 and where to find it', async () => {
  const ward = await openWard(WRITES)
  const answer = await ward.submit(letter())
  expect(answer.statusCode).toBe(202)
  const { run_id } = answer.json()
  expect(answer.json()).toEqual({ run_id, status: 'awaiting_approval' })
  expect(answer.headers.location).toBe(`/v1/runs/${run_id}`)

  const run = await ward.view(run_id)
  expect(run).toMatchObject({
    status: 'awaiting_approval',
    success: false,
    document_status: 'preliminary',
    finished_at: null,
    results: [{ task_id: 'letter', status: 'succeeded', content: TEXT }],
  })
  expect(run.aggregated_content).toContain(TEXT)
  expect(run.approvals).toEqual([
    {
      approval_id: expect.any(String),
      task_id: null,
      status: 'pending',
      created_at: expect.any(String),
      expires_at: expect.any(String),
      decided_at: null,
      decided_by: null,
      comment: null,
      notices: [],
      content: run.aggregated_content,
      edited_content: null,
      diff: null,
    },
  ])
  const [approval] = run.approvals
  const days = (Date.parse(approval?.expires_at ?? '') - Date.parse(approval?.created_at ?? '')) / 86_400_000
  expect(Math.round(days)).toBe(7)
})

test('an approved document is final, and the run ends as it would have without the approval', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(letter())
  const before = await ward.waiting(run_id)
  const decided = await ward.decided(run_id, { decision: 'approve', comment: 'Read and agreed.' })
  expect(decided).toMatchObject({
    status: 'approved',
    decided_by: 'dr-wilson',
    comment: 'Read and agreed.',
    diff: null,
  })

  const run = await ward.ended(run_id)
  expect(run).toMatchObject({ status: 'succeeded', success: true, document_status: 'final', approvals: [decided] })
  expect(run.aggregated_content).toBe(before.aggregated_content)
  expect(run.results).toEqual(before.results)
  expect(run.aggregated_content).toContain(SIMULATED)
  expect(ward.simulator.ledger.received).toBe(1)
})

test('the history and the audit tell who was asked, what was decided, and nothing twice', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(letter())
  const [approval] = (await ward.waiting(run_id)).approvals
  const { approval_id, expires_at } = approval ?? {}
  await ward.decided(run_id, { decision: 'approve', comment: 'SECRET-COMMENT' })
  await ward.ended(run_id)
  const history = await ward.history(run_id)
  expect(history.map(({ id }) => id)).toEqual(history.map((_, at) => at + 1))
  expect(history.map(({ event }) => event.event)).toEqual([
    'run.started',
    'task.queued',
    'task.started',
    'task.succeeded',
    'run.approval_requested',
    'run.approval_decided',
  ])
  expect(history.slice(4).map(({ event }) => event.data)).toEqual([
    { approval_id, task_id: null, expires_at },
    { approval_id, task_id: null, status: 'approved' },
  ])

  const audit = await ward.get('/v1/audit', authorization({ scopes: ['admin'] }))
  const entries: { action: string; details: string }[] = audit.json().entries
  const decisions = entries.filter(({ action }) => action.startsWith('approval'))
  expect(decisions).toMatchObject([
    { action: 'approval.approve', actor: 'dr-wilson', object: `run/${run_id}`, outcome: 'ok' },
  ])
  expect(JSON.parse(decisions[0]?.details ?? '')).toEqual({
    approval_id,
    edited: false,
    text_sha256: hash('sha256', approval?.content ?? ''),
  })
  expect(audit.body).not.toContain('SECRET-COMMENT')
  expect(audit.body).not.toContain('Aspirin')
})

test('an edited document goes out as it was approved; the original and the difference stay', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(letter())
  const shown = (await ward.waiting(run_id)).aggregated_content ?? ''
  const edited = shown.replace('100 mg', '75 mg')
  const decided = await ward.decided(run_id, { decision: 'approve', content: edited })
  expect(decided).toMatchObject({ content: shown, edited_content: edited })
  expect(decided.diff).toContain('\n See the surgeon in two weeks.\n'.slice(1))
  expect(decided.diff).toMatch(/^-Aspirin 100 mg daily\.$/m)
  expect(decided.diff).toMatch(/^\+Aspirin 75 mg daily\.$/m)

  const run = await ward.ended(run_id)
  expect(run).toMatchObject({ status: 'succeeded', document_status: 'amended', aggregated_content: edited })
  expect(run.results[0]?.content).toBe(TEXT)
})

test('an edit cannot take out that a simulator wrote the document', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(letter())
  await ward.waiting(run_id)
  await ward.decided(run_id, { decision: 'approve', content: '=== CUSTOM WORKFLOW ===\n\nAll new.' })
  const run = await ward.ended(run_id)
  expect(run.metadata?.simulated).toBe(true)
  expect(run.aggregated_content).toBe(`=== CUSTOM WORKFLOW ===\n${SIMULATED}\n\nAll new.`)
  expect(run.approvals[0]?.edited_content).toBe(run.aggregated_content)
})

test('a text that comes back with the line ends of another editor is not an edited one', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(letter())
  const shown = (await ward.waiting(run_id)).aggregated_content ?? ''
  const content = `\uFEFF${shown.replaceAll('\n', '\r\n')}\r\n`
  expect(await ward.decided(run_id, { decision: 'approve', content })).toMatchObject({
    edited_content: null,
    diff: null,
  })
  expect(await ward.ended(run_id)).toMatchObject({ document_status: 'final', aggregated_content: shown })
})

test('a rejected document has no text but with its approval, and every part says why', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(letter())
  const shown = (await ward.waiting(run_id)).aggregated_content
  await ward.decided(run_id, { decision: 'reject', comment: 'Wrong patient.' })
  const run = await ward.ended(run_id)
  expect(run).toMatchObject({
    status: 'failed',
    success: false,
    document_status: 'rejected',
    aggregated_content: REJECTED,
    results: [{ task_id: 'letter', status: 'failed', content: null, error: { code: 'approval_rejected' } }],
    metadata: { errors: [{ task_id: 'letter', code: 'approval_rejected', cause: null }] },
    approvals: [{ status: 'rejected', comment: 'Wrong patient.', content: shown, edited_content: null }],
  })
  const { approvals: _, ...rest } = run
  expect(JSON.stringify(rest)).not.toContain('Aspirin')
})

test('a rejected text cannot be edited at the same time', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(letter())
  await ward.waiting(run_id)
  const refused = await ward.decide(run_id, { decision: 'reject', content: 'Mine.' })
  expect(refused.statusCode).toBe(400)
  expect(refused.json().errors).toMatchObject([{ field: 'content' }])
  for (const content of ['', ' \n\t'])
    expect((await ward.decide(run_id, { decision: 'approve', content })).statusCode).toBe(400)
  expect((await ward.view(run_id)).approvals).toMatchObject([{ status: 'pending' }])
})

test('four eyes: whoever asked for the run may not decide on it, and the audit has the try', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(letter({ approval: { four_eyes: true } }))
  await ward.waiting(run_id)
  for (const decision of ['approve', 'reject']) {
    const refused = await ward.decide(run_id, { decision }, NURSE)
    expect(refused.statusCode).toBe(403)
    expect(refused.json().detail).toContain('it takes a second person')
  }
  const audit = (await ward.get('/v1/audit', authorization({ scopes: ['admin'] }))).json()
  const denied = audit.entries.filter(({ outcome }: { outcome: string }) => outcome.startsWith('denied'))
  expect(denied).toMatchObject([
    { actor: 'nurse-1', object: `run/${run_id}` },
    { actor: 'nurse-1', object: `run/${run_id}` },
  ])
  await ward.decided(run_id, { decision: 'approve' })
  expect((await ward.ended(run_id)).document_status).toBe('final')
})

test('without four eyes whoever asked may decide; without the scope nobody may', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(letter())
  await ward.waiting(run_id)
  const reader = { subject: 'clerk', scopes: ['workflows:execute', 'runs:read'] }
  expect((await ward.decide(run_id, { decision: 'approve' }, reader)).statusCode).toBe(403)
  expect((await ward.decide(run_id, { decision: 'approve' }, NURSE)).statusCode).toBe(200)
  expect((await ward.ended(run_id)).approvals).toMatchObject([{ decided_by: 'nurse-1' }])
})

test('another tenant does not find it; what waits for nobody cannot be decided', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(letter())
  await ward.waiting(run_id)
  const stranger = { subject: 'dr-wilson', scopes: ['runs:approve'], tenant: 'elsewhere' }
  expect((await ward.decide(run_id, { decision: 'approve' }, stranger)).statusCode).toBe(404)
  const unknown = await ward.decide(run_id, { decision: 'approve', approval_id: 'none' })
  expect(unknown.statusCode).toBe(404)
  expect(unknown.json().errors).toMatchObject([{ field: 'approval_id' }])

  const { approval: _, ...plain } = letter()
  const done = await ward.submit(plain)
  expect(done.statusCode).toBe(200)
  const none = await ward.decide(done.json().run_id, { decision: 'approve' })
  expect([none.statusCode, none.json().code]).toEqual([409, 'conflict'])
})

test('a workflow may want approval for every document of its own', async () => {
  const notice = defineWorkflow({
    type: 'notice',
    description: 'A notice.',
    context: z.looseObject({}),
    tasks: [{ task_id: 'note', agent_type: 'Chat', system: 'You write.', prompt: 'Write a notice.' }],
    layout: { title: 'NOTICE', sections: {} },
    approval: { four_eyes: true, expires_in_ms: 3_600_000 },
  })
  const ward = await openWard({ ...WRITES, workflows: [notice] })
  const answer = await ward.submit({ workflow_type: 'notice' })
  expect(answer.statusCode).toBe(202)
  const { run_id } = answer.json()
  const [approval] = (await ward.view(run_id)).approvals
  expect(Date.parse(approval?.expires_at ?? '') - Date.parse(approval?.created_at ?? '')).toBeLessThanOrEqual(3_600_000)
  expect((await ward.decide(run_id, { decision: 'approve' }, NURSE)).statusCode).toBe(403)
  await ward.decided(run_id, { decision: 'approve' })
  expect(await ward.ended(run_id)).toMatchObject({ status: 'succeeded', document_status: 'final' })
})

test('the same key gives the run that waits, and its document once it is approved', async () => {
  const ward = await openWard(WRITES)
  const send = () => ward.submit(letter(), { 'idempotency-key': 'visit-17' })
  const first = await send()
  const { run_id } = first.json()
  const second = await send()
  expect([first.statusCode, second.statusCode]).toEqual([202, 202])
  expect(second.json()).toEqual({ run_id, status: 'awaiting_approval' })
  expect(second.headers['idempotency-replayed']).toBe('true')
  await ward.decided(run_id, { decision: 'approve' })
  await ward.ended(run_id)
  const third = await send()
  expect(third.statusCode).toBe(200)
  expect(third.json()).toMatchObject({ run_id, status: 'succeeded', success: true })
  expect(ward.simulator.ledger.received).toBe(1)
})

test('a run that failed has nothing to approve', async () => {
  const ward = await openWard({ simulator: { reply: () => '' } })
  const answer = await ward.submit(letter())
  expect([answer.statusCode, answer.json().code]).toEqual([502, 'run_failed'])
  expect((await ward.view(answer.json().run.run_id)).approvals).toEqual([])
})

import { expect, test } from 'vitest'
import type { ExecuteInput } from '../../../src/contract/execute.ts'
import { CLINICAL } from '../../helpers/service.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { openWard, type Ward } from './ward.ts'

type Task = NonNullable<ExecuteInput['custom_tasks']>[number]

const task = (task_id: string, own: Partial<Task> = {}): Task => ({
  task_id,
  agent_type: 'Chat',
  prompt: `Write ${task_id}.`,
  ...own,
})
const behind = (task_id: string, ...dependencies: string[]): Task => task(task_id, { dependencies })
const asking = (task_id: string, own: Partial<Task> = {}): Task => task(task_id, { requires_approval: true, ...own })
const plan = (...custom_tasks: Task[]): ExecuteInput => ({ workflow_type: 'custom', custom_tasks })

/** Writes `Text of X.` for the task X, whatever else it is told. */
const NAMED = {
  simulator: {
    reply: ({ messages }: { messages: readonly { content: unknown }[] }) =>
      `Text of ${/Write (\w+)\./.exec(`${messages.at(-1)?.content}`)?.[1]}.`,
  },
}

/** What the models were told, call by call. */
const prompts = ({ simulator }: Ward): string[] =>
  simulator.ledger.entries.map(({ messages }) => `${messages.at(-1)?.content}`)

const called = (ward: Ward): string[] => prompts(ward).map((text) => /Write (\w+)\./.exec(text)?.[1] ?? '')

test('nothing behind a task starts before its text is approved; then it gets that text', async () => {
  const ward = await openWard(NAMED)
  const accepted = await ward.submit(plan(asking('a'), behind('b', 'a')))
  expect(accepted.statusCode).toBe(202)
  const { run_id } = accepted.json()
  expect(accepted.json().status).toBe('awaiting_approval')
  expect(await ward.view(run_id)).toMatchObject({
    status: 'awaiting_approval',
    aggregated_content: null,
    document_status: null,
    metadata: null,
    results: [{ task_id: 'a', status: 'succeeded', content: 'Text of a.' }],
    approvals: [
      {
        task_id: 'a',
        status: 'pending',
        content: 'Text of a.',
        notices: ['[SIMULATED: written by a simulator, not by a model. Not for clinical use.]'],
      },
    ],
  })
  expect(called(ward)).toEqual(['a'])

  await ward.decided(run_id, { decision: 'approve' })
  const run = await ward.ended(run_id)
  expect(run).toMatchObject({ status: 'succeeded', document_status: 'preliminary' })
  expect(run.results.map(({ content }) => content)).toEqual(['Text of a.', 'Text of b.'])
  expect(called(ward)).toEqual(['a', 'b'])
  expect(prompts(ward)[1]).toContain('Text of a.')
})

test('an edited text is what dependants and the document get; the original stays with the approval', async () => {
  const ward = await openWard(NAMED)
  const run_id = await ward.begin(plan(asking('a'), behind('b', 'a')))
  await ward.waiting(run_id)
  const edited = 'Corrected by hand.'
  await ward.decided(run_id, { decision: 'approve', content: edited })
  const run = await ward.ended(run_id)
  expect(prompts(ward)[1]).toContain(edited)
  expect(prompts(ward)[1]).not.toContain('Text of a.')
  expect(run.results[0]).toMatchObject({ status: 'succeeded', content: edited })
  expect(run.aggregated_content).toContain(edited)
  expect(run.aggregated_content).not.toContain('Text of a.')
  expect(run.aggregated_content).toContain('[SIMULATED')
  expect(run.approvals[0]).toMatchObject({ content: 'Text of a.', edited_content: edited, status: 'approved' })
  expect(run.approvals[0]?.diff).toMatch(/^-Text of a\.\n\+Corrected by hand\.$/m)
})

test('behind a rejected text nothing runs; what does not depend on it stays', async () => {
  const ward = await openWard(NAMED)
  const run_id = await ward.begin(plan(asking('a'), behind('b', 'a'), behind('c', 'b'), task('d')))
  await ward.waiting(run_id)
  await ward.decided(run_id, { decision: 'reject', comment: 'Not this patient.' })
  const run = await ward.ended(run_id)
  expect(run.status).toBe('partial')
  expect(run.results).toMatchObject([
    { task_id: 'a', status: 'failed', content: null, error: { code: 'approval_rejected' } },
    { task_id: 'b', status: 'skipped', error: { code: 'dependency_failed' } },
    { task_id: 'c', status: 'skipped' },
    { task_id: 'd', status: 'succeeded' },
  ])
  expect(run.metadata?.errors).toMatchObject([
    { task_id: 'a', code: 'approval_rejected', cause: null },
    { task_id: 'b', code: 'dependency_failed', cause: 'a' },
    { task_id: 'c', code: 'dependency_failed', cause: 'b' },
  ])
  expect(run.aggregated_content).not.toContain('Text of a.')
  expect(run.aggregated_content).toContain('A human has rejected the text of this task.')
  expect(run.approvals[0]?.content).toBe('Text of a.')
  expect(called(ward).sort()).toEqual(['a', 'd'])
})

test('a text on which nothing depends is approved too before the document counts', async () => {
  const ward = await openWard(NAMED)
  const run_id = await ward.begin(plan(task('a'), asking('b')))
  const waiting = await ward.waiting(run_id)
  expect(waiting).toMatchObject({ finished_at: null, approvals: [{ task_id: 'b', status: 'pending' }] })
  await ward.decided(run_id, { decision: 'reject' })
  expect(await ward.ended(run_id)).toMatchObject({
    status: 'partial',
    results: [{ status: 'succeeded' }, { status: 'failed', content: null }],
  })
  expect(called(ward).sort()).toEqual(['a', 'b'])
})

test('two texts that wait at once are decided each by its own id', async () => {
  const ward = await openWard(NAMED)
  const run_id = await ward.begin(plan(asking('a'), asking('b'), behind('c', 'a'), behind('d', 'b')))
  const waiting = await ward.until(
    run_id,
    ({ status, approvals }) => status === 'awaiting_approval' && approvals.length === 2,
  )
  const idOf = (task_id: string) => waiting.approvals.find((one) => one.task_id === task_id)?.approval_id ?? ''
  const vague = await ward.decide(run_id, { decision: 'approve' })
  expect([vague.statusCode, vague.json().code]).toEqual([409, 'conflict'])
  const [{ field, message }] = vague.json().errors
  expect(field).toBe('approval_id')
  for (const id of [idOf('a'), idOf('b')]) expect(message).toContain(id)

  await ward.decided(run_id, { decision: 'approve', approval_id: idOf('a') })
  // What waits for the one goes on while the other is still undecided.
  const meanwhile = await ward.until(
    run_id,
    ({ status, results }) => status === 'awaiting_approval' && results.length === 3,
  )
  expect(meanwhile.results.map(({ task_id }) => task_id)).toEqual(['a', 'b', 'c'])
  expect((await ward.decide(run_id, { decision: 'approve', approval_id: idOf('a') })).statusCode).toBe(409)

  await ward.decided(run_id, { decision: 'reject', approval_id: idOf('b') })
  const run = await ward.ended(run_id)
  expect(run.results.map(({ status }) => status)).toEqual(['succeeded', 'failed', 'succeeded', 'skipped'])
  expect(called(ward).sort()).toEqual(['a', 'b', 'c'])
  const decided = (await ward.history(run_id)).filter(({ event }) => event.event === 'run.approval_decided')
  expect(decided.map(({ event }) => event.data)).toEqual([
    { approval_id: idOf('a'), task_id: 'a', status: 'approved' },
    { approval_id: idOf('b'), task_id: 'b', status: 'rejected' },
  ])
})

/** The model of Clinical answers when the test says so; asks for a run and goes on once a text of it waits. */
async function withOneAtWork(body: ExecuteInput) {
  const held = await startHeldModel()
  const url = JSON.parse(held.env.MODEL_PORTS)[CLINICAL]
  const ward = await openWard({
    ...NAMED,
    roster: ({ models, ...rest }) => ({
      ...rest,
      models: models.map((model) => (model.id === CLINICAL ? { ...model, url } : model)),
    }),
  })
  const run_id = await ward.begin(body)
  const call = await held.asked(0)
  const asked = await ward.until(run_id, ({ approvals }) => approvals.length > 0)
  expect(asked.status).toBe('running')
  return { ward, run_id, letGo: () => answer(call, 'Text of slow.') }
}

test('a decision while another task is at work is heard when that has ended', async () => {
  const { ward, run_id, letGo } = await withOneAtWork(
    plan(asking('a'), behind('b', 'a'), task('slow', { agent_type: 'Clinical' })),
  )
  await ward.decided(run_id, { decision: 'approve', content: 'Corrected.' })
  letGo()
  const run = await ward.ended(run_id)
  expect(run.status).toBe('succeeded')
  expect(called(ward)).toEqual(['a', 'b'])
  expect(prompts(ward).at(-1)).toContain('Corrected.')
})

test('and that also while another text still waits for its human', async () => {
  const { ward, run_id, letGo } = await withOneAtWork(
    plan(asking('a'), behind('b', 'a'), asking('slow', { agent_type: 'Clinical' })),
  )
  await ward.decided(run_id, { decision: 'approve' })
  letGo()
  const run = await ward.until(run_id, ({ status, results }) => status === 'awaiting_approval' && results.length === 3)
  expect(run.approvals.map(({ task_id, status }) => [task_id, status])).toEqual([
    ['a', 'approved'],
    ['slow', 'pending'],
  ])
  await ward.decided(run_id, { decision: 'approve' })
  expect((await ward.ended(run_id)).status).toBe('succeeded')
  expect(called(ward)).toEqual(['a', 'b'])
})

test('after its texts the document of the same run may wait too', async () => {
  const ward = await openWard(NAMED)
  const run_id = await ward.begin({ ...plan(asking('a'), behind('b', 'a')), approval: {} })
  await ward.waiting(run_id)
  await ward.decided(run_id, { decision: 'approve', content: 'Corrected.' })
  const second = await ward.until(
    run_id,
    ({ approvals, status }) => approvals.length === 2 && status === 'awaiting_approval',
  )
  expect(second).toMatchObject({ document_status: 'preliminary', approvals: [{ task_id: 'a' }, { task_id: null }] })
  expect(second.approvals[1]?.content).toContain('Corrected.')
  await ward.decided(run_id, { decision: 'approve' })
  expect(await ward.ended(run_id)).toMatchObject({ status: 'succeeded', document_status: 'final' })
  expect(called(ward)).toEqual(['a', 'b'])
})

test('a text that was cut says so to whoever is to approve it', async () => {
  const ward = await openWard({ simulator: { reply: () => 'one two three four five six seven eight nine ten' } })
  const run_id = await ward.begin(plan(asking('a', { max_tokens: 3 }), behind('b', 'a')))
  const [approval] = (await ward.waiting(run_id)).approvals
  expect(approval?.notices.at(-1)).toBe('[INCOMPLETE: cut by the token limit. The end of this part is missing.]')
  await ward.decided(run_id, { decision: 'approve', content: 'Whole, by hand.' })
  const run = await ward.ended(run_id)
  expect(run.results[0]).toMatchObject({ status: 'succeeded', truncated: false })
  expect(ward.simulator.ledger.entries.at(-1)?.messages.at(-1)?.content).not.toContain('cut')
})

test('a run that waits can be cancelled: it ends at once with what it has, and no decision counts any more', async () => {
  const ward = await openWard(NAMED)
  for (const body of [plan(asking('a'), behind('b', 'a')), { ...plan(task('a')), approval: {} }]) {
    const run_id = await ward.begin(body)
    await ward.waiting(run_id)
    expect((await ward.cancel(run_id)).statusCode).toBe(202)
    const run = await ward.ended(run_id)
    expect(run.status).toBe('cancelled')
    expect(run.results[0]).toMatchObject({ task_id: 'a', status: 'succeeded' })
    const late = await ward.decide(run_id, { decision: 'approve' })
    expect(late.statusCode).toBe(409)
    expect(late.json().detail).toBe('The run has ended without this decision.')
    expect((await ward.view(run_id)).status).toBe('cancelled')
  }
  expect(called(ward)).toEqual(['a', 'a'])
})

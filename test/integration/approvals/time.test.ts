import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { ExecuteInput } from '../../../src/contract/execute.ts'
import { letter, openWard, TEXT, type Ward, WRITES } from './ward.ts'

const DAY_MS = 86_400_000

// Only the calendar: what waits for timers goes on.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true }))
afterEach(() => void vi.useRealTimers())

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms)

const TASKS: ExecuteInput = {
  workflow_type: 'custom',
  custom_tasks: [
    { task_id: 'a', agent_type: 'Chat', prompt: 'Write a.', requires_approval: true },
    { task_id: 'b', agent_type: 'Chat', prompt: 'Write b.', dependencies: ['a'] },
  ],
}

test('a document that nobody decides on in time is not to be used', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(letter({ approval: { expires_in_ms: 2 * DAY_MS } }))
  await ward.waiting(run_id)
  pass(2 * DAY_MS - 60_000)
  expect((await ward.view(run_id)).status).toBe('awaiting_approval')
  pass(60_001)
  const late = await ward.decide(run_id, { decision: 'approve' })
  expect([late.statusCode, late.json().code]).toEqual([409, 'conflict'])
  expect(late.json().detail).toBe('Nobody decided in time; the approval has expired.')

  const run = await ward.ended(run_id)
  expect(run).toMatchObject({
    status: 'failed',
    document_status: 'rejected',
    aggregated_content: '[NOT APPROVED: nobody decided in time. This document is not to be used.]',
    metadata: { errors: [{ task_id: 'letter', code: 'approval_expired' }] },
    results: [{ status: 'failed', content: null }],
    approvals: [{ status: 'expired', decided_by: null, comment: null, decided_at: expect.any(String) }],
  })
  expect(run.approvals[0]?.content).toContain(TEXT)
  const told = (await ward.history(run_id)).map(({ event }) => event)
  expect(told.at(-1)).toMatchObject({ event: 'run.approval_decided', data: { status: 'expired' } })
  expect((await ward.decide(run_id, { decision: 'approve' })).statusCode).toBe(409)
})

test('a text that nobody decides on in time stops what depends on it', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(TASKS)
  await ward.waiting(run_id)
  pass(7 * DAY_MS + 1000)
  expect(await ward.ended(run_id)).toMatchObject({
    status: 'failed',
    results: [
      { task_id: 'a', status: 'failed', error: { code: 'approval_expired' } },
      { task_id: 'b', status: 'skipped' },
    ],
  })
})

/** Services one after the other on the same data folder. */
function houses() {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-approvals-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const open = () => openWard({ ...WRITES, env: { DATA_DIR: folder } })
  const close = ({ app }: Ward) => app.close()
  return { open, close }
}

test('what waits survives a restart days later, and nothing that was done is done again', async () => {
  const { open, close } = houses()
  const first = await open()
  const document = await first.begin(letter())
  const text = await first.begin(TASKS)
  const shown = await first.waiting(document)
  await first.waiting(text)
  expect(first.simulator.ledger.received).toBe(2)
  await close(first)

  pass(5 * DAY_MS)
  const second = await open()
  expect(await second.waiting(document)).toEqual(shown)
  await second.decided(document, { decision: 'approve' })
  await second.decided(text, { decision: 'approve', content: 'Corrected.' })
  expect(await second.ended(document)).toMatchObject({
    status: 'succeeded',
    document_status: 'final',
    aggregated_content: shown.aggregated_content,
    total_latency_ms: shown.total_latency_ms,
  })
  const run = await second.ended(text)
  expect(run).toMatchObject({ status: 'succeeded', results: [{ content: 'Corrected.' }, { content: TEXT }] })
  // Days in which nobody worked on it are not its time.
  expect(run.total_latency_ms).toBeLessThan(DAY_MS)
  expect(second.simulator.ledger.entries.map(({ messages }) => `${messages.at(-1)?.content}`)).toEqual([
    expect.stringContaining('Write b.'),
  ])
})

test('what expired while the service was down ends when it is back', async () => {
  const { open, close } = houses()
  const first = await open()
  const run_id = await first.begin(letter())
  await first.waiting(run_id)
  await close(first)
  pass(8 * DAY_MS)
  const second = await open()
  expect(await second.ended(run_id)).toMatchObject({ status: 'failed', document_status: 'rejected' })
  expect(second.simulator.ledger.received).toBe(0)
})

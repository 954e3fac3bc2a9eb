import { describe, expect, test } from 'vitest'
import { eventLine } from '../../../src/cli/event-line.ts'
import { acceptedLines } from '../../../src/cli/report.ts'
import { listLines, runLines } from '../../../src/cli/run-view.ts'
import { emptyTrace } from '../../../src/cli/trace.ts'
import type { ApprovalView, RunView } from '../../../src/contract/runs.ts'
import { response } from './run-response.ts'

const plain = (_style: unknown, text: string): string => text

const approval = (own: Partial<ApprovalView> = {}): ApprovalView => ({
  approval_id: 'ap-1',
  task_id: null,
  status: 'pending',
  created_at: '2026-11-21T10:00:00.000Z',
  expires_at: '2026-11-28T10:00:00.000Z',
  decided_at: null,
  decided_by: null,
  comment: null,
  notices: [],
  content: 'The document.',
  edited_content: null,
  diff: null,
  ...own,
})

const waiting = (own: Partial<RunView> = {}): RunView => ({
  ...response(),
  status: 'awaiting_approval',
  success: false,
  aggregated_content: 'The document.',
  document_status: 'preliminary',
  approvals: [approval()],
  created_at: '2026-11-21T10:00:00.000Z',
  started_at: '2026-11-21T10:00:00.000Z',
  finished_at: null,
  ...own,
})

const shown = (run: RunView, columns: number | null = null): string => runLines(run, plain, columns).join('\n')

describe('a run that waits', () => {
  test('says until when, how to decide, and shows its text once', () => {
    const text = shown(waiting())
    expect(text).toContain('  pending, until 2026-11-28 10:00:00 UTC\n')
    expect(text).toContain('runs approve run-1 --approval ap-1'.replace('run-1', waiting().run_id))
    expect(text.split('The document.')).toHaveLength(2)
  })

  test('shows the text of a task with what must be known of it, and no document', () => {
    const one = approval({ task_id: 'draft', content: 'A draft.', notices: ['[INCOMPLETE: cut.]'] })
    const text = shown(waiting({ approvals: [one], aggregated_content: null, metadata: null, document_status: null }))
    expect(text).toContain('the text of draft\n')
    expect(text).toContain('  the text:\n  | [INCOMPLETE: cut.]\n  | A draft.\n')
    expect(text).toContain('Ended so far: ')
  })
})

describe('a decided approval', () => {
  const decided = { decided_by: 'dr-wilson', decided_at: '2026-11-22T10:00:00.000Z' }

  test('with edits shows the difference, and not the text that does not count any more', () => {
    const diff = '--- as written\n+++ as approved\n@@ -1 +1 @@\n-The document.\n+Mine.\n'
    const amended = approval({ status: 'approved', ...decided, comment: 'Dose.', edited_content: 'Mine.', diff })
    const text = shown(waiting({ status: 'succeeded', aggregated_content: 'Mine.', approvals: [amended] }))
    expect(text).toContain(
      '  approved by dr-wilson, 2026-11-22 10:00:00 UTC\n  comment: Dose.\n  edited:\n  | --- as written\n',
    )
    expect(text).not.toContain('  | The document.\n')
  })

  test('that refused it shows what was refused, set off from the document', () => {
    const refused = approval({ status: 'rejected', ...decided })
    const text = shown(waiting({ status: 'failed', aggregated_content: '[REJECTED: …]', approvals: [refused] }))
    expect(text).toContain('  the text that was rejected:\n  | The document.\n')
    expect(text.endsWith('[REJECTED: …]') || text.includes('\n[REJECTED: …]\n')).toBe(true)
  })
})

test('what a service sends cannot move the cursor', () => {
  const evil = '\u001b[2J'
  const run = waiting({ workflow_type: evil, approvals: [approval({ content: evil, comment: evil })], run_id: evil })
  expect(shown(run, 80)).not.toContain('\u001b')
  const { run_id, workflow_type, status, created_at, started_at, finished_at } = run
  const row = { run_id, workflow_type, status, created_at, started_at, finished_at, mode: 'sync' as const }
  expect(listLines({ runs: [row], next_cursor: null }, plain).join()).not.toContain('\u001b')
})

test.each([
  ['queued', 'goes on by itself'],
  ['awaiting_approval', 'waits for a human'],
  ['succeeded', 'has ended'],
] as const)('of a run that is %s it is said that it %s', (status, words) => {
  expect(acceptedLines({ run_id: 'r', status })[0]).toBe(`Run r ${words} (${status}).`)
})

test('days may lie between the lines of an approval: they have no time of the run', () => {
  const told = eventLine(
    { event: 'run.approval_decided', data: { approval_id: 'a', task_id: null, status: 'expired' } },
    emptyTrace,
  )
  expect(told).toBe(`${' '.repeat(12)}the document was not decided on in time`)
})

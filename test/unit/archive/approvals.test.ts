import { describe, expect, test } from 'vitest'
import { type ApprovalDocument, applyDecisions, isSimulated, shownBy } from '../../../src/archive/approvals.ts'
import { decisionsToTell } from '../../../src/archive/decision-events.ts'
import { diffOf } from '../../../src/archive/text-diff.ts'
import type { RunEnd } from '../../../src/contract/service.ts'
import { assemble } from '../../../src/results/assemble.ts'
import type { Approval, StoredEvent } from '../../../src/store/records.ts'
import { DISCHARGE, outcome } from '../results/fixtures.ts'

const approval = ({ document, ...own }: Partial<Approval> & { document: ApprovalDocument }): Approval => ({
  document,
  approval_id: 'one',
  run_id: 'r',
  task_id: 'clinical_summary',
  status: 'pending',
  created_at: 0,
  expires_at: 100,
  decided_at: null,
  decided_by: null,
  decision: null,
  ...own,
})

const text = (own: Omit<Partial<Approval>, 'document'> = {}) =>
  approval({ document: { content: 'Well.', notices: ['[N]'], four_eyes: false }, ...own })

const end: RunEnd = {
  response: assemble({
    run_id: 'r',
    plan: DISCHARGE,
    outcomes: [outcome({ simulated: true }), outcome()],
    total_ms: 100,
    cancelled: false,
  }),
  timed_out: false,
  stopped: false,
}
const whole = (own: Omit<Partial<Approval>, 'document'> = {}) =>
  approval({ task_id: null, document: { end, four_eyes: false }, ...own })

const edit = (edited_content: string | null) => ({ comment: null, edited_content, diff: null })

describe('decisions on texts', () => {
  const recorded = new Map([
    ['clinical_summary', outcome({ content: 'Well.', truncated: true })],
    ['billing_codes', outcome()],
  ])

  test('leave what is pending as it is, and held', () => {
    const { finished, decided, asked, document } = applyDecisions(recorded, [text()])
    expect(finished).toEqual(recorded)
    expect([...decided]).toEqual([])
    expect([...asked]).toEqual(['clinical_summary'])
    expect(document).toBeNull()
  })

  test('put the approved text in place of the written one, which counts as whole', () => {
    const { finished } = applyDecisions(recorded, [text({ status: 'approved', decision: edit('Very well.') })])
    expect(finished.get('clinical_summary')).toMatchObject({
      status: 'succeeded',
      content: 'Very well.',
      truncated: false,
    })
    expect(finished.get('billing_codes')).toBe(recorded.get('billing_codes'))
  })

  test('leave a text that was approved as it is cut when it was cut', () => {
    const { finished, decided } = applyDecisions(recorded, [text({ status: 'approved', decision: edit(null) })])
    expect(finished.get('clinical_summary')).toBe(recorded.get('clinical_summary'))
    expect([...decided]).toEqual(['clinical_summary'])
  })

  test.each(['rejected', 'expired'] as const)('leave nothing of one that was %s', (status) => {
    const { finished } = applyDecisions(recorded, [text({ status })])
    expect(finished.get('clinical_summary')).toMatchObject({
      status: 'failed',
      content: null,
      error: { code: `approval_${status}` },
    })
  })
})

describe('a decision on the document', () => {
  test('shows in its answer, and in nothing before it', () => {
    const before = applyDecisions(new Map(), [whole()]).document
    expect(before).toEqual({ status: 'pending', end })
    const after = applyDecisions(new Map(), [whole({ status: 'approved', decision: edit('Mine.') })]).document
    expect(after?.end.response.aggregated_content).toBe('Mine.')
    const refused = applyDecisions(new Map(), [whole({ status: 'expired' })]).document
    expect(refused?.end.response).toMatchObject({ status: 'failed' })
  })

  test('is about the text that was shown', () => {
    expect(shownBy(whole())).toEqual({ content: end.response.aggregated_content, notices: [] })
    expect(shownBy(text())).toMatchObject({ content: 'Well.', notices: ['[N]'] })
    expect([isSimulated(whole()), isSimulated(text())]).toEqual([true, false])
  })
})

describe('decisions to tell', () => {
  const history = (events: StoredEvent[]) => ({
    events: async (_tenant: string, _run: string, after: number, limit: number) =>
      events.filter(({ id }) => id > after).slice(0, limit),
  })
  const run = { tenant: 't', run_id: 'r' }
  const told = (id: number, approval_id: string): StoredEvent => ({
    id,
    at: 0,
    event: 'run.approval_decided',
    data: { approval_id, task_id: null, status: 'approved' },
  })
  const filler = Array.from({ length: 700 }, (_, at): StoredEvent => ({ id: at + 1, at: 0, event: 'x', data: null }))

  test('are those that were made and are not in the history, in their order', async () => {
    const approvals = [
      text({ approval_id: 'late', status: 'rejected', decided_at: 9 }),
      text({ approval_id: 'known', status: 'approved', decided_at: 1 }),
      text({ approval_id: 'early', status: 'expired', decided_at: 5 }),
      text({ approval_id: 'open' }),
    ]
    const events = await decisionsToTell(history([...filler, told(701, 'known')]), run, approvals)
    expect(events.map(({ data }) => data)).toEqual([
      { approval_id: 'early', task_id: 'clinical_summary', status: 'expired' },
      { approval_id: 'late', task_id: 'clinical_summary', status: 'rejected' },
    ])
  })

  test('are none while nothing is decided, and nobody reads the history for it', async () => {
    const never = { events: () => Promise.reject(new Error('read')) }
    expect(await decisionsToTell(never, run, [text()])).toEqual([])
  })
})

describe('the difference of two texts', () => {
  test('is a unified diff, line by line', () => {
    expect(diffOf('a\nb\nc', 'a\nB\nc')).toBe('--- as written\n+++ as approved\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n')
  })

  test('of texts that have next to nothing in common is the one out and the other in', () => {
    const lines = (word: string) => Array.from({ length: 3000 }, (_, at) => `${word} ${at}`).join('\n')
    const diff = diffOf(lines('old'), lines('new')).split('\n')
    expect(diff.filter((line) => line.startsWith('-old'))).toHaveLength(3000)
    expect(diff.filter((line) => line.startsWith('+new'))).toHaveLength(3000)
    expect(diff).toContain('@@ -1,3000 +1,3000 @@')
  })
})

import { describe, expect, test } from 'vitest'
import { decideDocument, documentStatus, keepOrigin, noticesAbove } from '../../../src/results/approval.ts'
import { assemble } from '../../../src/results/assemble.ts'
import { attempt, DISCHARGE, failed, outcome } from './fixtures.ts'

const SIMULATED = '[SIMULATED: written by a simulator, not by a model. Not for clinical use.]'

const response = assemble({
  run_id: 'r',
  plan: DISCHARGE,
  outcomes: [outcome({ content: 'Well.' }), failed('upstream_timeout')],
  total_ms: 100,
  cancelled: false,
})

describe('a decision on a document', () => {
  test('that approves it changes nothing', () => {
    expect(decideDocument(response, { status: 'approved', edited_content: null })).toBe(response)
  })

  test('with another text changes the text and nothing else', () => {
    const decided = decideDocument(response, { status: 'approved', edited_content: 'Mine.' })
    expect(decided).toEqual({ ...response, aggregated_content: 'Mine.' })
  })

  test.each(['rejected', 'expired'] as const)(
    'that it is %s leaves no text, and keeps why other parts failed',
    (status) => {
      const decided = decideDocument(response, { status, edited_content: null })
      expect(decided).toMatchObject({ status: 'failed', success: false })
      expect(decided.metadata.errors.map(({ task_id, code }) => [task_id, code])).toEqual([
        ['clinical_summary', `approval_${status}`],
        ['billing_codes', 'upstream_timeout'],
      ])
      expect(decided.results.map(({ success, content }) => [success, content])).toEqual([
        [false, null],
        [false, null],
      ])
      expect(decided.results[0]?.tokens).toBe(10)
      expect(JSON.stringify(decided)).not.toContain('Well.')
      expect(response.results[0]?.content).toBe('Well.')
    },
  )

  test.each([
    [null, 'preliminary'],
    [{ status: 'approved', edited_content: null }, 'final'],
    [{ status: 'approved', edited_content: 'x' }, 'amended'],
    [{ status: 'rejected', edited_content: null }, 'rejected'],
    [{ status: 'expired', edited_content: null }, 'rejected'],
  ] as const)('%j makes it %s', (decision, status) => {
    expect(documentStatus(decision)).toBe(status)
  })
})

describe('an edited text', () => {
  test('of a model stays as it is', () => {
    expect(keepOrigin('=== T ===\n\nMine.', false)).toBe('=== T ===\n\nMine.')
  })
  test('that still says that it is simulated stays as it is', () => {
    expect(keepOrigin(`Mine.\n ${SIMULATED}`, true)).toBe(`Mine.\n ${SIMULATED}`)
  })
  test.each([
    ['=== T ===\n\nMine.', `=== T ===\n${SIMULATED}\n\nMine.`],
    ['Mine.', `${SIMULATED}\nMine.`],
    [`> ${SIMULATED}`, `${SIMULATED}\n> ${SIMULATED}`],
    ['[SIMULATED: by me.]', `${SIMULATED}\n[SIMULATED: by me.]`],
  ])('%j gets the line back', (edited, kept) => {
    expect(keepOrigin(edited, true)).toBe(kept)
  })
})

describe('above the text of a task', () => {
  const PLANNED = 'BioMistral-Clinical-7B'

  test('nothing stands when nothing has to be known', () => {
    expect(noticesAbove(PLANNED, outcome())).toEqual([])
  })
  test('stands who wrote it, what is missing and what was replaced', () => {
    const all = outcome({
      simulated: true,
      truncated: true,
      model: 'BiMediX2-8B',
      content: 'Dose \uFFFD mg',
      attempts: [attempt({ outcome: 'upstream_error' }), attempt({ model: 'BiMediX2-8B' })],
    })
    const lines = noticesAbove(PLANNED, all)
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      '[SIMULATED',
      '[FALLBACK',
      '[CHARACTERS REPLACED',
      '[INCOMPLETE',
    ])
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../../src/contract/outcome.ts'
import { writeDocument } from '../../../src/results/document.ts'
import type { PlanView } from '../../../src/results/input.ts'
import { judge } from '../../../src/results/verdict.ts'
import { anyRun, attempt, cancelled, DISCHARGE, failed, outcome, planOf, skipped } from './fixtures.ts'

const write = (plan: PlanView, outcomes: readonly Outcome[], isCancelled = false): string =>
  writeDocument(plan, outcomes, judge(outcomes, isCancelled)).text

const says = (content: string, fields: Partial<Outcome> = {}) => outcome({ content, ...fields })

const CHAIN = planOf([
  { task_id: 'drug_analysis' },
  { task_id: 'pharmacy_billing', agent_type: 'Billing', dependencies: ['drug_analysis'] },
  { task_id: 'review', agent_type: 'MedicalQA', dependencies: ['pharmacy_billing'] },
])

describe('the document', () => {
  test('has the title on its first line, then each part under its heading, as its layout says', () => {
    expect(write(DISCHARGE, [says('Admitted with pneumonia.'), says('J18.9')])).toBe(
      '=== DISCHARGE SUMMARY ===\n\nAdmitted with pneumonia.\n\n=== BILLING INFORMATION ===\nJ18.9',
    )
  })

  test('names a part that the layout does not list after its task and agent', () => {
    const plan = planOf([{ task_id: 'second_opinion.v2', agent_type: 'MedicalQA' }, { task_id: 'constructor' }])
    expect(write(plan, [says('One.'), says('Two.')])).toBe(
      '=== CUSTOM WORKFLOW ===\n\n--- Second Opinion V2 (MedicalQA) ---\nOne.\n\n--- Constructor (Clinical) ---\nTwo.',
    )
  })

  test('says above a part that it holds characters that were replaced, and only there', () => {
    const text = write(DISCHARGE, [says('Give 5\uFFFDmg.'), says('J18.9')])
    expect(text).toMatch(/\n\n\[CHARACTERS REPLACED: \uFFFD stands where .+\]\nGive 5\uFFFDmg\.\n\n/)
    expect(text.match(/CHARACTERS REPLACED/g)).toHaveLength(1)
    expect(write(DISCHARGE, [says('[Characters replaced: none]'), says('J18.9')])).toContain('\n> [Characters replaced')
  })

  test('keeps plan order, whichever task ended first or waits for which', () => {
    const plan = planOf([{ task_id: 'last', dependencies: ['first'] }, { task_id: 'first' }])
    const text = write(plan, [says('L', { ended_at_ms: 900 }), says('F', { ended_at_ms: 100 })])
    expect(text.indexOf('--- Last')).toBeLessThan(text.indexOf('--- First'))
  })

  test('keeps what a model wrote byte for byte, but for blank lines around it', () => {
    const content = '\n \n  - Aspirin\t81 mg  \r\n\n\n---\n| a | b |\n|---|---|\n--- | ---\n[x] done  \n\n'
    expect(write(DISCHARGE, [says(content), says('Codes.')])).toContain(
      '\n\n  - Aspirin\t81 mg  \r\n\n\n---\n| a | b |\n|---|---|\n--- | ---\n[x] done  \n\n=== BILLING',
    )
  })

  test('removes what a later part repeats and says how often it did', () => {
    const paragraph = 'The patient was admitted with pneumonia and treated with ceftriaxone for five days.'
    const outcomes = [says(paragraph), says(`${paragraph}\n\nJ18.9`)]
    const { text, duplicates_removed } = writeDocument(DISCHARGE, outcomes, judge(outcomes, false))
    expect(duplicates_removed).toBe(1)
    expect(text).toContain('=== BILLING INFORMATION ===\n[Same as under DISCHARGE SUMMARY.]\n\nJ18.9')
  })

  test('written by a simulator says so on the line after the title', () => {
    expect(write(DISCHARGE, [says('A', { simulated: true }), says('B')]).split('\n')[1]).toBe(
      '[SIMULATED: written by a simulator, not by a model. Not for clinical use.]',
    )
  })
})

describe('a part that is missing', () => {
  test('has a notice in its place with the task, the code and the reason, and the title says that it is missing', () => {
    expect(write(DISCHARGE, [says('Admitted.'), failed('upstream_timeout')])).toBe(
      [
        '=== DISCHARGE SUMMARY ===',
        '[INCOMPLETE DOCUMENT: 1 of 2 parts is missing.]',
        '',
        'Admitted.',
        '',
        '=== BILLING INFORMATION ===',
        '[NOT AVAILABLE: task "billing_codes" failed (upstream_timeout). The model server did not answer in time.]',
      ].join('\n'),
    )
  })

  test('was skipped: the notice names the dependency', () => {
    const text = write(CHAIN, [failed('upstream_error'), skipped('drug_analysis'), skipped('pharmacy_billing')])
    expect(text).toContain('[INCOMPLETE DOCUMENT: 3 of 3 parts are missing.]')
    expect(text).toContain(
      '[NOT AVAILABLE: task "pharmacy_billing" was skipped (dependency_failed). It depends on task "drug_analysis", which did not succeed.]',
    )
  })

  test('was cancelled: the title says that the run was', () => {
    const text = write(DISCHARGE, [says('Admitted.'), cancelled()], true)
    expect(text).toContain('[INCOMPLETE DOCUMENT: the run was cancelled; 1 of 2 parts is missing.]')
    expect(text).toContain('[NOT AVAILABLE: task "billing_codes" was cancelled (cancelled).')
  })

  test('was ended by the deadline of the run: both say that the time was over', () => {
    const text = write(DISCHARGE, [says('Admitted.'), cancelled()])
    expect(text).toContain("[INCOMPLETE DOCUMENT: the run's time was over; 1 of 2 parts is missing.]")
    expect(text).toContain("was cancelled (cancelled). The run's time was over before the task ended.]")
    expect(write(DISCHARGE, [says('Admitted.'), cancelled()], true)).not.toContain('time was over')
  })

  test('never shows what a model server said about its failure', () => {
    const error = { code: 'upstream_error' as const, message: 'CANARY Jane Roe' }
    expect(write(DISCHARGE, [says('Admitted.'), failed('upstream_error', { error })])).not.toContain('CANARY')
  })
})

describe('a part that was cut by the token limit', () => {
  const outcomes = [says('Half an ans', { truncated: true }), says('Whole.'), says('Whole too.')]

  test('says so before and after its text', () => {
    expect(write(CHAIN, outcomes)).toContain(
      '[INCOMPLETE: cut by the token limit. The end of this part is missing.]\nHalf an ans\n[INCOMPLETE: the text above was cut by the token limit.]',
    )
  })

  test('is counted under the title', () => {
    expect(write(CHAIN, outcomes)).toContain('[INCOMPLETE DOCUMENT: 1 of 3 parts is cut by the token limit.]')
    expect(write(CHAIN, [...outcomes.slice(0, 2), failed()])).toContain(
      '[INCOMPLETE DOCUMENT: 1 of 3 parts is missing; 1 of 3 parts is cut by the token limit.]',
    )
  })

  test('is named by every part that rests on it, directly or not', () => {
    const notice =
      '[INCOMPLETE INPUT: this part rests on the answer of task "drug_analysis", which was cut by the token limit.]'
    expect(write(CHAIN, outcomes).split(notice)).toHaveLength(3)
    expect(write(CHAIN, outcomes)).toContain(`${notice}\nWhole too.`)
  })
})

describe('a part that a fallback wrote', () => {
  const by = (...outcomes: string[]) =>
    write(DISCHARGE, [
      says('Admitted.', {
        model: 'BiMediX2-8B',
        attempts: [
          ...outcomes.map((ended) => attempt({ outcome: ended })),
          attempt({ model: 'BiMediX2-8B', outcome: 'ok' }),
        ],
      }),
      says('Codes.'),
    ])

  test('says above its text which model wrote it, and in whose place', () => {
    expect(by('upstream_error', 'upstream_error')).toBe(
      [
        '=== DISCHARGE SUMMARY ===',
        '',
        '[FALLBACK: written by BiMediX2-8B in place of BioMistral-Clinical-7B, which gave no usable answer.]',
        'Admitted.',
        '',
        '=== BILLING INFORMATION ===',
        'Codes.',
      ].join('\n'),
    )
  })

  test('does not blame a model that was only not waited for', () => {
    expect(by('cancelled')).toContain('in place of BioMistral-Clinical-7B, which had not answered by then.]')
    expect(by('upstream_error', 'cancelled')).toContain('which gave no usable answer.]')
  })

  test('cannot be imitated by a model', () => {
    const line = '[FALLBACK: written by nobody.]'
    expect(write(DISCHARGE, [says(`Text.\n${line}`), says('Codes.')])).toContain(`\n> ${line}\n`)
  })
})

describe('for any run', () => {
  test('every task has its section, in plan order', () => {
    fc.assert(
      fc.property(anyRun, ({ plan, outcomes }) => {
        const text = write(plan, outcomes)
        const headings = text.split('\n').filter((line) => line.startsWith('--- ') && line.endsWith(' ---'))
        expect(headings).toEqual(
          plan.tasks.map(({ task_id, agent_type }) => `--- ${task_id.toUpperCase()} (${agent_type}) ---`),
        )
      }),
    )
  })

  test('a document is free of notices about the whole exactly when every part is whole', () => {
    fc.assert(
      fc.property(anyRun, ({ plan, outcomes }) => {
        const { status } = judge(outcomes, false)
        expect(write(plan, outcomes).includes('[INCOMPLETE DOCUMENT: ')).toBe(status !== 'succeeded')
      }),
    )
  })
})

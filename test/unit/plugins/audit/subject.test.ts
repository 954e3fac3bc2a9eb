import { expect, test } from 'vitest'
import { objectOf, outcomeOf } from '../../../../src/plugins/audit/subject.ts'

const ID = '0b9b1d5c-2f5e-4a31-9f0a-0c7a5d6e7f80'

test.each([
  ['/v1/audit', {}, '/v1/audit'],
  ['/v1/runs/:run_id', { run_id: ID }, `run/${ID}`],
  ['/v1/runs/:run_id', { run_id: ID.toUpperCase() }, `run/${ID}`],
  ['/v1/runs/:run_id/approvals/:id/text', { run_id: ID, id: ID }, `run/${ID}/approval/${ID}`],
  ['/v1/runs/:run_id', { run_id: 'Jane Doe' }, 'run/(no id)'],
  ['/v1/runs/:run_id', { run_id: `${ID} Jane Doe` }, 'run/(no id)'],
  ['/v1/runs/:run_id', {}, 'run/(no id)'],
  ['/v1/evidence/:document_id', { document_id: ID }, `evidence/${ID}`],
  ['/v1/memories/:document_id', { document_id: ID }, `memory/${ID}`],
])('%s %o is about %s', (pattern, params, object) => {
  expect(objectOf(pattern, params)).toBe(object)
})

test.each([
  [200, null, true, 'ok'],
  [200, null, false, null],
  [401, 'unauthorized', false, 'denied: unauthorized'],
  [403, 'forbidden', true, 'denied: forbidden'],
  [404, 'not_found', true, 'refused: not_found'],
  [404, 'not_found', false, null],
  [429, 'rate_limited', true, null],
  [503, 'not_ready', true, null],
  [500, 'internal_error', true, 'failed: internal_error'],
  [400, null, true, 'refused: 400'],
])('%i %s (audited: %s) is noted as %s', (status, code, isAudited, outcome) => {
  expect(outcomeOf(status, code, isAudited)).toBe(outcome)
})

import { expect, test } from 'vitest'
import { auditBundle, auditEvent } from '../../../src/archive/audit-fhir.ts'
import { AuditEvent } from '../../../src/contract/audit-event.ts'
import { chain, NO_HEAD } from '../../../src/store/audit/entry.ts'

const act = { at: 1_795_000_000_000, actor: 'dr-house', action: 'run.read', object: 'run/7', outcome: 'ok' }
const linkOf = (given: object = {}) => {
  const [link] = chain('ward-7', NO_HEAD, [{ ...act, ...given }])
  if (link === undefined) throw new Error('no link')
  return link
}

test('an entry is a FHIR R4 AuditEvent: who, what, when, from where, how it ended', () => {
  const link = linkOf({ details: { request_id: 'r' } })
  expect(auditEvent(link)).toEqual({
    resourceType: 'AuditEvent',
    id: link.hash,
    type: {
      system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
      code: 'rest',
      display: 'RESTful Operation',
    },
    subtype: [{ system: 'urn:consilium:audit:action', code: 'run.read', display: 'run.read' }],
    action: 'R',
    recorded: '2026-11-18T11:06:40.000Z',
    outcome: '0',
    outcomeDesc: 'ok',
    agent: [
      {
        type: {
          coding: [
            {
              system: 'http://terminology.hl7.org/CodeSystem/extra-security-role-type',
              code: 'humanuser',
              display: 'human user',
            },
          ],
        },
        who: { identifier: { system: 'urn:consilium:subject', value: 'dr-house' } },
        requestor: true,
      },
    ],
    source: {
      site: 'ward-7',
      observer: { display: 'Consilium' },
      type: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/security-source-type',
          code: '4',
          display: 'Application Server',
        },
      ],
    },
    entity: [
      {
        what: { identifier: { system: 'urn:consilium:object', value: 'run/7' } },
        detail: [
          { type: 'seq', valueString: '1' },
          { type: 'at', valueString: '1795000000000' },
          { type: 'details', valueString: '{"request_id":"r"}' },
          { type: 'hash', valueString: link.hash },
        ],
      },
    ],
  })
})

test.each([
  ['run.create', 'C'],
  ['run.list', 'R'],
  ['approval.approve', 'U'],
  ['run.delete', 'D'],
  ['run.cancel', 'E'],
  ['configuration.load', 'E'],
])('%s is the FHIR action %s', (action, letter) => {
  expect(auditEvent(linkOf({ action })).action).toBe(letter)
})

test.each([
  ['ok', '0'],
  ['replayed', '0'],
  ['refused: stale', '4'],
  ['denied: forbidden', '4'],
  ['failed: internal_error', '8'],
])('%s is the FHIR outcome %s', (outcome, code) => {
  expect(auditEvent(linkOf({ outcome }))).toMatchObject({ outcome: code, outcomeDesc: outcome })
})

test('the service itself is no human user, and an export is an export', () => {
  expect(auditEvent(linkOf({ actor: 'service', action: 'configuration.load' }))).toMatchObject({
    type: { code: '110100' },
    agent: [{ type: { coding: [{ code: '110150' }] } }],
  })
  expect(auditEvent(linkOf({ action: 'audit.export' })).type.code).toBe('110106')
})

test('entries that somebody has changed are still exported', () => {
  const meddled = { ...linkOf(), at: 'never' as unknown as number, hash: 'no hash', seq: 1.5 }
  const event = auditEvent(meddled)
  expect(AuditEvent.parse(event)).toMatchObject({ id: 'entry--1', recorded: 'never' })
  expect(auditBundle([meddled], [], 0).entry[0]?.fullUrl).toBe('urn:consilium:audit:ward-7:-1')
})

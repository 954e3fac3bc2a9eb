import type { AuditBundle, AuditEvent } from '../contract/audit-event.ts'
import type { AuditLink } from '../store/audit/entry.ts'
import { seqOf, timeOf } from './audit-page.ts'

const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem'
const DICOM = 'http://dicom.nema.org/resources/ontology/DCM'
const REST = { system: `${TERMINOLOGY}/audit-event-type`, code: 'rest', display: 'RESTful Operation' }
const APPLICATION = { system: DICOM, code: '110100', display: 'Application Activity' }
const EXPORT = { system: DICOM, code: '110106', display: 'Export' }
const HUMAN = { system: `${TERMINOLOGY}/extra-security-role-type`, code: 'humanuser', display: 'human user' }
const PROGRAM = { system: DICOM, code: '110150', display: 'Application' }
const SERVER = { system: `${TERMINOLOGY}/security-source-type`, code: '4', display: 'Application Server' }

/** The actor of what nobody asked for. */
const SERVICE_ACTOR = 'service'

/** The last word of an action → FHIR's letter for it. What is none of these was executed. */
const LETTERS: Readonly<Record<string, AuditEvent['action']>> = {
  create: 'C',
  accept: 'C',
  read: 'R',
  list: 'R',
  events: 'R',
  export: 'R',
  approve: 'U',
  reject: 'U',
  decide: 'U',
  edit: 'U',
  expire: 'U',
  delete: 'D',
}

const typeOf = (action: string, actor: string) =>
  action === 'audit.export' ? EXPORT : actor === SERVICE_ACTOR ? APPLICATION : REST

/** A replay is a success too: the caller was given the run of the time before. */
const outcomeOf = (outcome: string): AuditEvent['outcome'] =>
  outcome === 'ok' || outcome === 'replayed' || outcome === 'asked' ? '0' : outcome.startsWith('failed') ? '8' : '4'

/** FHIR's ids have at most 64 of these characters: a hash fits, unless somebody has changed it. */
const idOf = (hash: string, seq: number): string => (/^[A-Za-z0-9.-]{1,64}$/.test(hash) ? hash : `entry-${seq}`)

/** An entry as FHIR R4 AuditEvent; hashes and number stand among the details, so that the chain can be checked outside. */
export function auditEvent(link: AuditLink): AuditEvent {
  const [actor, action, object, outcome, hash] = [link.actor, link.action, link.object, link.outcome, link.hash].map(
    String,
  ) as [string, string, string, string, string]
  const seq = seqOf(link.seq)
  const details = [
    ['seq', String(seq)],
    ['at', String(link.at)],
    ['details', String(link.details)],
    ['prev_hash', String(link.prev_hash)],
    ['hash', hash],
  ] as const
  return {
    resourceType: 'AuditEvent',
    id: idOf(hash, seq),
    type: typeOf(action, actor),
    subtype: [{ system: 'urn:consilium:audit:action', code: action, display: action }],
    action: LETTERS[action.split('.').at(-1) as string] ?? 'E',
    recorded: timeOf(link.at),
    outcome: outcomeOf(outcome),
    outcomeDesc: outcome,
    agent: [
      {
        type: { coding: [actor === SERVICE_ACTOR ? PROGRAM : HUMAN] },
        who: { identifier: { system: 'urn:consilium:subject', value: actor } },
        requestor: true,
      },
    ],
    source: { site: String(link.tenant), observer: { display: 'Consilium' }, type: [SERVER] },
    entity: [
      {
        what: { identifier: { system: 'urn:consilium:object', value: object } },
        // FHIR has no empty strings: the first entry follows no hash.
        detail: details.filter(([, value]) => value !== '').map(([type, valueString]) => ({ type, valueString })),
      },
    ],
  }
}

/** Entries as a FHIR collection. `links`: relation → address of this page and the next. `at` in epoch ms. */
export const auditBundle = (entries: readonly AuditLink[], links: AuditBundle['link'], at: number): AuditBundle => ({
  resourceType: 'Bundle',
  type: 'collection',
  timestamp: new Date(at).toISOString(),
  link: links,
  entry: entries.map((entry) => ({
    fullUrl: `urn:consilium:audit:${encodeURIComponent(String(entry.tenant))}:${seqOf(entry.seq)}`,
    resource: auditEvent(entry),
  })),
})

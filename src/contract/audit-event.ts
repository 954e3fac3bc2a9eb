import { z } from 'zod'

const Coding = z.object({ system: z.string(), code: z.string(), display: z.string() })
const Identifier = z.object({ system: z.string(), value: z.string() })
const who = z.object({ identifier: Identifier })

/** A FHIR R4 AuditEvent, as far as an entry of ours fills it. http://hl7.org/fhir/R4/auditevent.html */
export const AuditEvent = z.object({
  resourceType: z.literal('AuditEvent'),
  id: z.string(),
  type: Coding,
  subtype: z.array(Coding),
  action: z.enum(['C', 'R', 'U', 'D', 'E']),
  recorded: z.string(),
  outcome: z.enum(['0', '4', '8']).describe('0: success, 4: refused, 8: failed'),
  outcomeDesc: z.string(),
  agent: z.array(z.object({ type: z.object({ coding: z.array(Coding) }), who, requestor: z.boolean() })),
  source: z.object({ site: z.string(), observer: z.object({ display: z.string() }), type: z.array(Coding) }),
  entity: z.array(
    z.object({
      what: who,
      detail: z.array(z.object({ type: z.string(), valueString: z.string() })),
    }),
  ),
})

export const AuditBundle = z.object({
  resourceType: z.literal('Bundle'),
  type: z.literal('collection'),
  timestamp: z.iso.datetime(),
  link: z.array(z.object({ relation: z.string(), url: z.string() })).describe('`next`: the page that follows'),
  entry: z.array(z.object({ fullUrl: z.string(), resource: AuditEvent })),
})

export type AuditEvent = z.output<typeof AuditEvent>
export type AuditBundle = z.output<typeof AuditBundle>

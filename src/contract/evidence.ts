import { z } from 'zod'

/** Body of POST /v1/evidence: a document that answers may rest on. */
export const EvidenceInput = z.strictObject({
  title: z.string().regex(/\S/, 'must hold text').max(512),
  source: z
    .string()
    .regex(/\S/, 'must hold text')
    .max(2048)
    .describe('Where it comes from: a file, a URL, a guideline'),
  text: z.string().regex(/\S/, 'must hold text'),
})

/** Answer of POST /v1/evidence. */
export const EvidenceKept = z.object({ id: z.string(), passages: z.int() })

export type EvidenceInput = z.output<typeof EvidenceInput>
export type EvidenceKept = z.output<typeof EvidenceKept>

import type { z } from 'zod'

/** What a caller may wish of a choice of models. Facts about the text (its kind, its field) are no wishes: they are true anyway. */
const WISHES = ['prefer', 'tiers', 'prefer_local'] as const

type Wishing = { [K in (typeof WISHES)[number]]?: unknown }

/** Refuses wishes where nothing is chosen: ignored, they would look as if they had been heeded. */
export function refuseIdleWishes(request: Wishing, why: string, issues: z.core.$RefinementCtx): void {
  for (const wish of WISHES)
    if (request[wish] !== undefined)
      issues.addIssue({ code: 'custom', path: [wish], message: `has no meaning here: ${why}; leave it out` })
}

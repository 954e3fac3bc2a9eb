import type { RunCaller } from './contract/service.ts'
import type { Asker } from './run/asker.ts'
import type { Workshop } from './run/workshop.ts'

/** A caller who asks for embeddings outside of any run: behind every urgent call, and within what a run of theirs may cost. */
export const askerOf = (caller: RunCaller, openPurse: Workshop['openPurse']): Asker => ({
  claimant: { tenant: caller.tenant, start: performance.now(), path: 0, given: 0 },
  priority: 0,
  rank: 0,
  purse: openPurse(caller, null, 0),
})

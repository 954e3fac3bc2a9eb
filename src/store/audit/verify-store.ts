import { setImmediate as turn } from 'node:timers/promises'
import type { Store } from '../port.ts'
import type { AuditHead } from './entry.ts'
import { type AuditVerdict, ChainVerifier } from './verify.ts'

/** Walked between two turns of the event loop: 2 to 4 ms. */
const PAGE = 1000

/**
 * Verifies a tenant's chain page by page while others go on writing. `rest` stands between two pages: without a turn of
 * the event loop SQLite, which answers at once, would hold everybody up to the chain's end. It may throw to give up.
 */
export async function verifyTenant(
  store: Store,
  tenant: string,
  signed: AuditHead | null,
  rest: () => Promise<unknown> = turn,
): Promise<AuditVerdict> {
  const verifier = new ChainVerifier(tenant, signed)
  for (let after = 0; ; ) {
    // The head first: what is appended in between shows as one more page, not as a wrong head.
    const kept = await store.auditHead(tenant)
    const links = await store.auditLinks(tenant, after, PAGE)
    for (const link of links) verifier.add(link)
    const last = links.at(-1)
    if (last === undefined) return verifier.verdict(kept)
    after = last.seq
    await rest()
  }
}

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
  if (await store.auditStrays(tenant)) verifier.addStrays()
  for (let after = Number.NEGATIVE_INFINITY; ; ) {
    // The head first: what is appended in between shows as one more page, not as a wrong head.
    const kept = await store.auditHead(tenant)
    const links = await store.auditLinks(tenant, after, PAGE)
    for (const link of links) verifier.add(link)
    const last = links.at(-1)
    // Beyond the numbers that we can tell apart a page would begin with the entries of the one before, for ever.
    if (last === undefined || last.seq > Number.MAX_SAFE_INTEGER) return verifier.verdict(kept)
    after = last.seq
    // No Math.max: in SQLite it may be text, and the next page begins behind it.
    if (after < Number.MIN_SAFE_INTEGER) after = Number.MIN_SAFE_INTEGER
    await rest()
  }
}

import type { Store } from '../port.ts'
import { readHeadFile, writeHeadFile } from './head-file.ts'
import type { Heads } from './signed-heads.ts'

export interface Seal {
  path: string
  /** Of the HMAC. */
  key: Uint8Array
}

/** Tenants whose chain no longer holds the entry that was signed. */
async function notContinued(store: Store, signed: Heads): Promise<string[]> {
  const lost: string[] = []
  for (const [tenant, { seq, hash }] of Object.entries(signed)) {
    if (seq === 0) continue
    const [link] = await store.auditLinks(tenant, seq - 1, 1)
    if (link?.seq !== seq || link.hash !== hash) lost.push(tenant)
  }
  return lost
}

/**
 * Signs the heads of all chains into the file, if they continue what is signed there; else it leaves the file as it is,
 * because signing over it would hide a cut tail. Throws StoreError `corrupt` when the file itself was changed.
 * @returns the tenants whose chains do not continue; empty when it signed
 */
export async function sealHeads(store: Store, { path, key }: Seal, at: number): Promise<string[]> {
  const before = await readHeadFile(path, key)
  const lost = before === null ? [] : await notContinued(store, before.heads)
  if (lost.length === 0) await writeHeadFile(path, at, await store.auditHeads(), key)
  return lost
}

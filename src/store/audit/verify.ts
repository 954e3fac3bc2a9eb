import { type AuditHead, type AuditLink, hashOf, NO_HEAD } from './entry.ts'

export interface AuditBreak {
  seq: number
  /** edited: the entry does not match its hash. gap: entries are missing. order: an entry stands twice or too early.
   * unlinked: it does not follow the one before it. foreign: it belongs to another tenant. truncated: the chain ends
   * before its head. replaced: another entry stands where the head was signed, or none. head: the chain's own head is
   * wrong. */
  kind: 'edited' | 'gap' | 'order' | 'unlinked' | 'foreign' | 'truncated' | 'replaced' | 'head'
  detail: string
}

export interface AuditVerdict {
  ok: boolean
  entries: number
  head: AuditHead
  breaks: AuditBreak[]
}

/** More would help nobody, and a chain that lost its beginning would list every entry. */
const MOST_BREAKS = 100

/**
 * Walks one tenant's chain. Feed it links in the order of the database, then ask for the verdict. Pure: the time is
 * about 3 µs per entry. `signed` is the head that was written outside the database, null when there is none.
 */
export class ChainVerifier {
  readonly #tenant: string
  readonly #signed: AuditHead | null
  readonly #breaks: AuditBreak[] = []
  #head: AuditHead = NO_HEAD
  #entries = 0
  #signedSeen = false

  constructor(tenant: string, signed: AuditHead | null) {
    this.#tenant = tenant
    this.#signed = signed
    this.#signedSeen = signed === null || signed.seq === 0
  }

  add(link: AuditLink): void {
    // It belongs to no chain. The chain itself is verified as if it were not there.
    if (link.seq < NO_HEAD.seq + 1) {
      this.#report(link.seq, 'order', `entry ${link.seq} stands before the first`)
      this.#entries++
      return
    }
    const expected = this.#head.seq + 1
    if (link.tenant !== this.#tenant) this.#report(link.seq, 'foreign', 'the entry belongs to another tenant')
    if (link.seq > expected) this.#report(expected, 'gap', `entries ${expected} to ${link.seq - 1} are missing`)
    if (link.seq < expected) this.#report(link.seq, 'order', `entry ${link.seq} stands after entry ${this.#head.seq}`)
    if (hashOf(link) !== link.hash) this.#report(link.seq, 'edited', 'the entry does not match its hash')
    if (link.prev_hash !== this.#head.hash)
      this.#report(link.seq, 'unlinked', 'the entry does not follow the one before it')
    if (link.seq === this.#signed?.seq) this.#compareSigned(link)
    this.#head = { seq: link.seq, hash: link.hash }
    this.#entries++
  }

  /** There are entries that bear the tenant's name as bytes. */
  addStrays(): void {
    this.#report(NO_HEAD.seq, 'foreign', "there are entries that bear the tenant's name as bytes, not as text")
  }

  /** `kept`: the head that the database itself keeps beside the chain. */
  verdict(kept: AuditHead | null): AuditVerdict {
    const { seq, hash } = this.#head
    if (kept !== null && (kept.seq !== seq || kept.hash !== hash))
      this.#report(seq, 'head', `the chain ends at entry ${seq}, its head says ${kept.seq}`)
    if (this.#signed !== null && !this.#signedSeen) this.#reportSignedMissing(this.#signed.seq)
    return { ok: this.#breaks.length === 0, entries: this.#entries, head: this.#head, breaks: this.#breaks }
  }

  #compareSigned(link: AuditLink): void {
    this.#signedSeen = true
    if (link.hash !== this.#signed?.hash)
      this.#report(link.seq, 'replaced', 'another entry was here when the head was signed')
  }

  #reportSignedMissing(signed: number): void {
    const { seq } = this.#head
    if (seq >= signed) this.#report(signed, 'replaced', 'the entry at which the head was signed is missing')
    else
      this.#report(
        seq,
        'truncated',
        `the chain ends at entry ${seq}, the signed head says ${signed}: its tail was cut, or an older copy is in place`,
      )
  }

  #report(seq: number, kind: AuditBreak['kind'], detail: string): void {
    if (this.#breaks.length < MOST_BREAKS) this.#breaks.push({ seq, kind, detail })
  }
}

/** The verdict on a whole chain at once. */
export function verifyChain(
  tenant: string,
  links: Iterable<AuditLink>,
  heads: { kept: AuditHead | null; signed: AuditHead | null },
): AuditVerdict {
  const verifier = new ChainVerifier(tenant, heads.signed)
  for (const link of links) verifier.add(link)
  return verifier.verdict(heads.kept)
}

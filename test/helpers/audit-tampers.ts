import { type AuditHead, type AuditLink, hashOf, NO_HEAD } from '../../src/store/audit/entry.ts'

/** A chain as it lies in the database, and the head that the database keeps beside it. */
export interface Kept {
  links: readonly AuditLink[]
  head: AuditHead | null
}

/** What somebody with the database does to a chain; `at` points at one of its entries. */
export type Tamper = (kept: Kept, at: number) => Kept

export const headOf = (links: readonly AuditLink[]): AuditHead => {
  const last = links.at(-1)
  return last === undefined ? NO_HEAD : { seq: last.seq, hash: last.hash }
}

/** Mends the head in the database, as whoever knows this program would. */
const mended = (links: readonly AuditLink[]): Kept => ({ links, head: headOf(links) })

const inRow =
  (change: (link: AuditLink) => AuditLink): Tamper =>
  ({ links, head }, at) => ({ links: links.map((link, index) => (index === at ? change(link) : link)), head })

const edited = (field: keyof AuditLink, value: (link: AuditLink) => unknown): Tamper =>
  inRow((link) => ({ ...link, [field]: value(link) }) as AuditLink)

const flipped = (hex: string): string => (hex.startsWith('0') ? `1${hex.slice(1)}` : `0${hex.slice(1)}`)

/** Numbers closed up and every hash from `from` on computed anew. */
function relinked(links: readonly AuditLink[], from: number): readonly AuditLink[] {
  let prev_hash = links[from - 1]?.hash ?? ''
  return links.map((link, at) => {
    if (at < from) return link
    const next = { ...link, seq: at + 1, prev_hash }
    prev_hash = hashOf(next)
    return { ...next, hash: prev_hash }
  })
}

const forged = (link: AuditLink): AuditLink => ({ ...link, actor: `${link.actor}-forged` })

/** A forged copy under a number that is below all of ours. */
const before =
  (seq: number): Tamper =>
  ({ links, head }, at) => ({ links: [{ ...forged(links[at] as AuditLink), seq }, ...links], head })

const renumbered = (links: readonly AuditLink[]) => links.map((link, at) => ({ ...link, seq: at + 1 }))

/** Entries `at` and the one beside it change places. */
function swapped(links: readonly AuditLink[], at: number): readonly AuditLink[] {
  const [a, b] = at + 1 < links.length ? [at, at + 1] : [at - 1, at]
  return links.map((link, index) => (index === a ? links[b] : index === b ? links[a] : link) as AuditLink)
}

/** Every way of tampering that the audit promises to find, by name. All but the first need a signed head to be found in the worst case. */
export const TAMPERS: Readonly<Record<string, Tamper>> = {
  'the time edited': edited('at', ({ at }) => at + 1),
  'the actor edited': edited('actor', ({ actor }) => `${actor}x`),
  'the actor emptied': edited('actor', () => ''),
  'the action edited': edited('action', ({ action }) => `${action}x`),
  'the object edited': edited('object', ({ object }) => `${object}x`),
  'the outcome edited': edited('outcome', ({ outcome }) => `${outcome}x`),
  'the details edited': edited('details', () => '{"forged":1}'),
  'the details made no JSON': edited('details', () => '{'),
  'a link edited': edited('prev_hash', ({ prev_hash }) => flipped(prev_hash)),
  'a hash edited': edited('hash', ({ hash }) => flipped(hash)),
  'the number edited to one far behind': edited('seq', ({ seq }) => seq + 1000),
  'the tenant edited': edited('tenant', ({ tenant }) => `${tenant}-other`),
  'text moved from one field to the next': inRow((link) => ({
    ...link,
    action: '',
    object: link.action + link.object,
  })),
  'an entry edited and its own hash computed anew': inRow((link) => {
    const next = forged(link)
    return { ...next, hash: hashOf(next) }
  }),
  'an entry deleted': ({ links, head }, at) => ({ links: links.toSpliced(at, 1), head }),
  'an entry deleted, the numbers closed up': ({ links }, at) => mended(renumbered(links.toSpliced(at, 1))),
  'two entries reordered': ({ links }, at) => mended(renumbered(swapped(links, at))),
  'an entry inserted': ({ links }, at) => mended(renumbered(links.toSpliced(at, 0, forged(links[at] as AuditLink)))),
  'an entry doubled': ({ links }, at) => mended(renumbered(links.toSpliced(at, 0, links[at] as AuditLink))),
  'the number edited to zero': edited('seq', () => 0),
  'the number edited to one below zero': edited('seq', ({ seq }) => -seq),
  'an entry put before the first': before(0),
  'an entry put far before the first': before(-5),
  'an entry put before the first, with a hash of its own': (kept, at) => {
    const [first, ...links] = before(0)(kept, at).links as [AuditLink, ...AuditLink[]]
    const next = { ...first, prev_hash: '' }
    return { links: [{ ...next, hash: hashOf(next) }, ...links], head: kept.head }
  },
  'an entry edited and every hash behind it computed anew': ({ links }, at) =>
    mended(relinked(links.with(at, forged(links[at] as AuditLink)), at)),
  'an entry deleted and every hash behind it computed anew': ({ links }, at) =>
    mended(relinked(links.toSpliced(at, 1), at)),
  'an entry inserted and every hash behind it computed anew': ({ links }, at) =>
    mended(relinked(links.toSpliced(at, 0, forged(links[at] as AuditLink)), at)),
  'two entries reordered and every hash behind them computed anew': ({ links }, at) =>
    mended(relinked(swapped(links, at), Math.max(0, at - 1))),
  'the tail cut': ({ links, head }, at) => ({ links: links.slice(0, at), head }),
  'the tail cut and the head mended': ({ links }, at) => mended(links.slice(0, at)),
  'an older copy put back that has grown again': ({ links }, at) =>
    mended(relinked([...links.slice(0, at), ...links.slice(at).map(forged)], at)),
  'everything deleted': () => ({ links: [], head: null }),
  'the head edited': ({ links, head }) => ({ links, head: { seq: head?.seq ?? 0, hash: flipped(head?.hash ?? '0') } }),
  'the head set back': ({ links }, at) => ({ links, head: headOf(links.slice(0, at)) }),
  'the head deleted': ({ links }) => ({ links, head: null }),
}

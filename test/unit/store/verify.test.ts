import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AuditLink, chain, hashOf, NO_HEAD } from '../../../src/store/audit/entry.ts'
import { verifyChain } from '../../../src/store/audit/verify.ts'

const entry = fc.record({
  at: fc.integer({ min: 0, max: 2 ** 45 }),
  actor: fc.string({ maxLength: 8 }),
  action: fc.constantFrom('run.create', 'run.read', 'run.cancel'),
  object: fc.string({ maxLength: 8 }),
  outcome: fc.constantFrom('ok', 'denied'),
  details: fc.dictionary(fc.string({ maxLength: 4 }), fc.oneof(fc.integer(), fc.string({ maxLength: 4 })), {
    maxKeys: 3,
  }),
})
const chains = fc.array(entry, { minLength: 3, maxLength: 12 }).map((entries) => chain('t', NO_HEAD, entries))

/** Computes every hash from `from` on anew, as somebody with the database and this program can. */
function relinked(links: readonly AuditLink[], from = 0): AuditLink[] {
  let prev_hash = links[from - 1]?.hash ?? ''
  const out = links.slice(0, from)
  for (const link of links.slice(from)) {
    const next = { ...link, seq: out.length + 1, prev_hash }
    prev_hash = hashOf(next)
    out.push({ ...next, hash: prev_hash })
  }
  return out
}

type Tamper = (links: readonly AuditLink[], at: number) => AuditLink[]
const edit =
  (field: keyof AuditLink, change: (value: never) => unknown): Tamper =>
  (links, at) =>
    links.map((link, index) => (index === at ? { ...link, [field]: change(link[field] as never) } : link))
const text = (value: string) => `${value}x`
const added = (link: AuditLink): AuditLink => ({ ...link, actor: `${link.actor}-forged` })

const tampers: Record<string, Tamper> = {
  'the actor edited': edit('actor', text),
  'the action edited': edit('action', text),
  'the object edited': edit('object', text),
  'the outcome edited': edit('outcome', text),
  'the details edited': edit('details', text),
  'the time edited': edit('at', (at: number) => at + 1),
  'the number edited': edit('seq', (seq: number) => seq + 1),
  'the tenant edited': edit('tenant', text),
  'a hash edited': edit('hash', (hash: string) => hash.replace(/^./, (c) => (c === '0' ? '1' : '0'))),
  'a link edited': edit('prev_hash', text),
  'text moved from one field to the next': (links, at) =>
    links.map((link, i) => (i === at ? { ...link, action: '', object: link.action + link.object } : link)),
  'an entry deleted': (links, at) => links.filter((_, index) => index !== at),
  'an entry deleted, the numbers closed up': (links, at) =>
    links.filter((_, index) => index !== at).map((link, index) => ({ ...link, seq: index + 1 })),
  'two entries swapped': (links, at) => {
    const out = [...links]
    const other = (at + 1) % links.length
    ;[out[at], out[other]] = [links[other] as AuditLink, links[at] as AuditLink]
    return out
  },
  'an entry inserted': (links, at) => links.toSpliced(at, 0, added(links[at] as AuditLink)),
  'an entry doubled': (links, at) => links.toSpliced(at, 0, links[at] as AuditLink),
  'the number edited to zero': edit('seq', () => 0),
  'an entry put before the first': (links, at) => [{ ...(links[at] as AuditLink), seq: -at }, ...links],
  'an entry edited and every hash after it computed anew': (links, at) =>
    relinked(
      links.map((link, i) => (i === at ? added(link) : link)),
      at,
    ),
  'an entry deleted and every hash after it computed anew': (links, at) =>
    relinked(
      links.filter((_, i) => i !== at),
      at,
    ),
  'an entry inserted and every hash after it computed anew': (links, at) =>
    relinked(links.toSpliced(at, 0, added(links[at] as AuditLink)), at),
  'the tail cut (or an old copy put in place)': (links, at) => links.slice(0, at),
  'everything deleted': () => [],
}

const headOf = (links: readonly AuditLink[]) => {
  const last = links.at(-1)
  return last === undefined ? NO_HEAD : { seq: last.seq, hash: last.hash }
}

test.each(Object.entries(tampers))('finds %s, though the head in the database was mended', (_, tamper) => {
  fc.assert(
    fc.property(chains, fc.nat(), (links, position) => {
      const forged = tamper(links, position % links.length)
      const verdict = verifyChain('t', forged, { kept: headOf(forged), signed: headOf(links) })
      expect(verdict.ok).toBe(false)
      expect(verdict.breaks.length).toBeGreaterThan(0)
    }),
    { numRuns: 200 },
  )
})

test('accepts a chain that nobody touched, at its signed head and beyond', () => {
  fc.assert(
    fc.property(chains, fc.nat(), (links, position) => {
      const signed = headOf(links.slice(0, position % (links.length + 1)))
      const verdict = verifyChain('t', links, { kept: headOf(links), signed })
      expect(verdict).toEqual({ ok: true, entries: links.length, head: headOf(links), breaks: [] })
    }),
  )
})

test('finds a tail cut by somebody who forgot the head in the database', () => {
  fc.assert(
    fc.property(chains, (links) => {
      const verdict = verifyChain('t', links.slice(0, -1), { kept: headOf(links), signed: null })
      expect(verdict.breaks.map(({ kind }) => kind)).toEqual(['head'])
    }),
  )
})

test('says which entries are missing, and keeps its list short', () => {
  const links = chain(
    't',
    NO_HEAD,
    Array.from({ length: 5 }, (_, at) => ({ at, actor: 'a', action: 'b', object: 'c', outcome: 'ok' })),
  )
  const gap = verifyChain('t', links.toSpliced(1, 2), { kept: null, signed: null })
  expect(gap.breaks[0]).toEqual({ seq: 2, kind: 'gap', detail: 'entries 2 to 3 are missing' })
  const many = Array.from({ length: 500 }, () => links[0] as AuditLink)
  expect(verifyChain('t', many, { kept: null, signed: null }).breaks).toHaveLength(100)
})

test('what stands before the first entry is told, and the rest is verified as if it were not there', () => {
  const links = chain('t', NO_HEAD, [
    { at: 1, actor: 'a', action: 'b', object: 'c', outcome: 'ok' },
    { at: 2, actor: 'a', action: 'b', object: 'c', outcome: 'ok' },
  ])
  const forged = [{ ...(links[1] as AuditLink), seq: -5 }, ...links]
  expect(verifyChain('t', forged, { kept: headOf(links), signed: headOf(links) })).toEqual({
    ok: false,
    entries: 3,
    head: headOf(links),
    breaks: [{ seq: -5, kind: 'order', detail: 'entry -5 stands before the first' }],
  })
})

test('says of a chain that goes beyond its signed head that the signed entry is missing, not that its tail was cut', () => {
  const entries = Array.from({ length: 5 }, (_, at) => ({ at, actor: 'a', action: 'b', object: 'c', outcome: 'ok' }))
  const links = chain('t', NO_HEAD, entries)
  const signed = headOf(links.slice(0, 3))
  const { breaks } = verifyChain('t', links.slice(3), { kept: headOf(links), signed })
  expect(breaks.at(-1)).toEqual({
    seq: 3,
    kind: 'replaced',
    detail: 'the entry at which the head was signed is missing',
  })
  expect(breaks.map(({ kind }) => kind)).not.toContain('truncated')
})

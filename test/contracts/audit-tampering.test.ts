import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { inspectAll } from '../../src/archive/audit-inspection.ts'
import { verifyCommand } from '../../src/cli/audit.ts'
import { createClient } from '../../src/cli/client.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { AuditVerdictView } from '../../src/contract/audit.ts'
import type { AuditLink } from '../../src/store/audit/entry.ts'
import { type Meddled, meddledKinds } from '../helpers/audit-database.ts'
import { type AuditGate, asCaller, buildAuditGate, HEAD_KEY, openDesk } from '../helpers/audit-gate.ts'
import { type Kept, TAMPERS, type Tamper } from '../helpers/audit-tampers.ts'
import { accepted, finished, note } from './store-samples.ts'

const TENANT = 'ward-7'

/** What the command line says, and how it ends. */
async function asCommand(gate: AuditGate): Promise<{ code: number; out: string }> {
  const address = await gate.app.listen({ host: '127.0.0.1', port: 0 })
  let out = ''
  const terminal: Terminal = {
    out: (text) => {
      out += text
    },
    err: () => undefined,
    paint: (_, text) => text,
    paintErr: (_, text) => text,
    columns: null,
    liveColumns: null,
  }
  const token = asCaller().authorization.slice('Bearer '.length)
  return { code: await verifyCommand(false, createClient(address, token), terminal), out }
}

describe.each(meddledKinds)('tampering with the audit in $name', ({ open }) => {
  let meddled: Meddled
  let good: Kept
  let signed: { headFile: string; headKey: Buffer }

  beforeAll(async () => {
    meddled = await open()
    signed = { headFile: join(meddled.folder, 'heads.json'), headKey: HEAD_KEY }
    for (let n = 0; n < 4; n++) await finished(meddled.store, TENANT)
    const lease = await accepted(meddled.store, TENANT)
    await meddled.store.record({ ...lease, epoch: 7 }, { at: 1, status: 'running' }, note('run.start'))
    await openDesk(meddled.store, signed).desk.seal()
    good = await meddled.read(TENANT)
  })
  beforeEach(() => meddled.replace(TENANT, good))
  afterAll(() => meddled?.close())

  const newGate = () => buildAuditGate(openDesk(meddled.store, signed))
  const verdictOf = async ({ get }: AuditGate) => {
    const response = await get('/v1/audit/verify')
    expect(response.statusCode).toBe(200)
    return AuditVerdictView.parse(response.json())
  }

  test('an audit that nobody touched is whole, over HTTP and for the command', async () => {
    const gate = await newGate()
    expect(await verdictOf(gate)).toEqual({ ok: true, entries: 10, head: good.head, breaks: [] })
    const { code, out } = await asCommand(gate)
    expect(out).toMatch(/^whole {3}the audit of this tenant: 11 entries checked, head 11 [\da-f]{64}\n$/)
    expect(code).toBe(0)
    expect(gate.watched.broken).toBe(0)
  })

  const everywhere = Object.entries(TAMPERS).flatMap(([name, tamper]) =>
    [1, 5, 9].map((at) => [name, at, tamper] as const),
  )
  test.each(everywhere)('%s is found at place %i, over HTTP and by the command', async (_, at, tamper) => {
    await meddled.replace(TENANT, tamper(good, at))
    const gate = await newGate()
    const verdict = await verdictOf(gate)
    expect(verdict.ok).toBe(false)
    expect(verdict.breaks.length).toBeGreaterThan(0)
    expect(gate.watched.broken).toBe(1)
    await meddled.replace(TENANT, tamper(good, at))
    const { code, out } = await asCommand(gate)
    expect(out).toMatch(/^BROKEN {2}the audit of this tenant: \d+ entr/)
    expect(code).toBe(1)
  })

  test('whatever is done at random is found', async () => {
    const gate = await newGate()
    const fields = ['at', 'actor', 'action', 'object', 'outcome', 'details', 'prev_hash', 'hash'] as const
    const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((value) => !/\0|\p{Surrogate}/u.test(value))
    const edit = fc
      .record({ field: fc.constantFrom(...fields), text, number: fc.integer({ min: 0, max: 2 ** 45 }) })
      .map(({ field, text: word, number }): Tamper => {
        const value = field === 'at' ? number : word
        return ({ links, head }, at) => ({
          links: links.with(at, { ...(links[at] as AuditLink), [field]: value }),
          head,
        })
      })
    const named = fc.constantFrom(...Object.values(TAMPERS))
    const steps = fc.array(fc.tuple(fc.oneof(edit, named), fc.nat()), { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(steps, async (chosen) => {
        const forged = chosen.reduce(
          (kept, [tamper, at]) => (kept.links.length === 0 ? kept : tamper(kept, at % kept.links.length)),
          good,
        )
        fc.pre(JSON.stringify(forged) !== JSON.stringify(good))
        fc.pre(new Set(forged.links.map(({ seq, tenant }) => `${tenant}/${seq}`)).size === forged.links.length)
        await meddled.replace(TENANT, forged)
        expect((await verdictOf(gate)).ok).toBe(false)
      }),
      { numRuns: 120 },
    )
  })

  test.each([
    ['beyond all numbers', ['9223372036854775807']],
    ['below all numbers', ['-9223372036854775808']],
    ['too large to be told apart', ['9007199254740993']],
    ['too small to be told apart', ['-9007199254740993']],
  ])('a number %s is found, and the verification ends', async (_, seqs) => {
    for (const seq of seqs)
      await meddled.run(
        `insert into audit select tenant, ${seq}, at, actor, action, object, outcome, details, prev_hash, hash
          from audit where tenant = $1 and seq = 5`,
        [TENANT],
      )
    expect((await verdictOf(await newGate())).ok).toBe(false)
  })

  test('a tenant that has nothing but an entry before the first is found among all', async () => {
    await meddled.run(
      `insert into audit select 'nobody', 0, at, actor, action, object, outcome, details, prev_hash, hash
        from audit where tenant = $1 and seq = 5`,
      [TENANT],
    )
    const verdicts = new Map<string, AuditVerdictView>()
    for await (const { tenant, verdict } of inspectAll({ store: meddled.store, seal: null }))
      verdicts.set(tenant, verdict)
    expect(verdicts.get(TENANT)?.ok).toBe(true)
    expect(verdicts.get('nobody')?.breaks).toEqual([
      { seq: 0, kind: 'order', detail: 'entry 0 stands before the first' },
    ])
    await meddled.run("delete from audit where tenant = 'nobody'", [])
  })

  test('the service goes on with a broken chain, and goes on finding it broken', async () => {
    for (const tamper of Object.values(TAMPERS)) {
      await meddled.replace(TENANT, tamper(good, 5))
      const gate = await newGate()
      for (let n = 0; n < 2; n++) expect((await gate.get('/v1/audit')).statusCode).toBe(200)
      // All that the head's deletion took away is made anew by the next entry: nothing is lost, nothing to be found.
      const isHealed = tamper === TAMPERS['the head deleted'] || tamper === TAMPERS['the head set back']
      expect((await verdictOf(gate)).ok).toBe(isHealed)
    }
  })

  test('a tail that was cut with care does not show without a signed head', async () => {
    await meddled.replace(TENANT, (TAMPERS['the tail cut and the head mended'] as Tamper)(good, 5))
    expect(await verdictOf(await buildAuditGate(openDesk(meddled.store)))).toMatchObject({ ok: true, entries: 5 })
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyChain } from '../../src/store/audit/verify.ts'
import { accepted, finished, newRun, newTenant, note, T0 } from './store-samples.ts'
import { kinds, type Subject } from './store-subjects.ts'

describe.each(kinds)('the audit in $name', ({ open }) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await open()
  })
  afterAll(() => subject?.close())
  const verdictOn = async (tenant: string) =>
    verifyChain(tenant, await subject.store.auditLinks(tenant, 0, 10_000), {
      kept: await subject.store.auditHead(tenant),
      signed: null,
    })

  test('is one chain per tenant, without a gap, whoever writes at once', async () => {
    const tenants = [newTenant(), newTenant(), newTenant()]
    await Promise.all(tenants.flatMap((tenant) => Array.from({ length: 30 }, () => finished(subject.store, tenant))))
    for (const tenant of tenants) expect(await verdictOn(tenant)).toMatchObject({ ok: true, entries: 60 })
    const heads = await subject.store.auditHeads()
    expect(heads[tenants[0] as string]).toEqual(await subject.store.auditHead(tenants[0] as string))
  })

  test('has an entry for what was done and for what was refused, and none for what was undone', async () => {
    const tenant = newTenant()
    const lease = await accepted(subject.store, tenant)
    await subject.store.record({ ...lease, epoch: 7 }, { at: T0, status: 'running' }, note('run.start'))
    await expect(subject.store.accept(newRun(tenant, { run_id: lease.run_id }), note('run.create'))).rejects.toThrow()
    const links = await subject.store.auditLinks(tenant, 0, 10)
    expect(links.map(({ seq, action, outcome }) => [seq, action, outcome])).toEqual([
      [1, 'run.create', 'ok'],
      [2, 'run.start', 'refused: stale'],
    ])
  })

  test('takes more entries at once than a statement holds, and reads them page by page', async () => {
    const tenant = newTenant()
    await subject.store.note(
      tenant,
      Array.from({ length: 1200 }, (_, at) => ({ ...note('run.read', { at }), outcome: 'ok' })),
    )
    expect(await verdictOn(tenant)).toMatchObject({ ok: true, entries: 1200 })
    const page = await subject.store.auditLinks(tenant, 500, 3)
    expect(page.map(({ seq }) => seq)).toEqual([501, 502, 503])
  })

  test('records what no database can hold in a form that it can', async () => {
    const tenant = newTenant()
    await subject.store.note(tenant, [
      { ...note('login', { actor: 'a\0b', object: '\ud800', details: { z: 1, a: 'x\0' } }), outcome: 'denied' },
    ])
    const [link] = await subject.store.auditLinks(tenant, 0, 1)
    expect(link).toMatchObject({ actor: 'a\\u0000b', object: '\\ud800', details: '{"a":"x\\u0000","z":1}' })
    expect(await verdictOn(tenant)).toMatchObject({ ok: true })
  })
})

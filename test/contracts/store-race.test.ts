import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyChain } from '../../src/store/audit/verify.ts'
import type { Lease } from '../../src/store/records.ts'
import { accepted, newRun, newTenant, note, T0 } from './store-samples.ts'
import { kinds, type Subject } from './store-subjects.ts'

const step = fc.oneof(
  fc.record({
    kind: fc.constant('finish' as const),
    by: fc.nat(2),
    status: fc.constantFrom('succeeded', 'failed', 'cancelled'),
  }),
  fc.record({ kind: fc.constant('claim' as const), by: fc.nat(2) }),
  fc.record({ kind: fc.constant('events' as const), by: fc.nat(2), count: fc.integer({ min: 1, max: 3 }) }),
)

describe.each(kinds)('in $name, whatever races', ({ open }) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await open()
  })
  afterAll(() => subject?.close())

  test('a run has exactly one end, only its last claimant wrote it, and its events have no gap', async () => {
    const { store } = subject
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
        const tenant = newTenant()
        const first = await accepted(store, tenant)
        // Three processes; each believes in the lease that it got last.
        const leases: Lease[] = [first, first, first]
        const ends: { epoch: number; status: string }[] = []
        await Promise.all(
          steps.map(async ({ by, ...asked }) => {
            const lease = leases[by] as Lease
            if (asked.kind === 'claim') {
              const claimed = await store.claim(lease, `replica-${by}`, T0, note('claim'))
              if (claimed.ok) leases[by] = claimed.lease
            } else if (asked.kind === 'finish') {
              const finish = { status: asked.status as 'failed', response: { epoch: lease.epoch } }
              const wrote = await store.record(lease, { at: T0, finish }, note('finish'))
              if (wrote.ok) ends.push({ epoch: lease.epoch, status: asked.status })
            } else
              await store.record(
                lease,
                { at: T0, events: Array.from({ length: asked.count }, () => ({ event: 'e', data: by })) },
                null,
              )
          }),
        )
        const run = await store.run(tenant, first.run_id)
        expect(ends.length).toBeLessThanOrEqual(1)
        if (ends[0])
          expect(run).toMatchObject({
            status: ends[0].status,
            epoch: ends[0].epoch,
            response: { epoch: ends[0].epoch },
          })
        else expect(run?.finished_at).toBeNull()
        const events = await store.events(tenant, first.run_id, 0, 1000)
        expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => at + 1))
        expect(run?.last_event_id).toBe(events.length)
        const heads = { kept: await store.auditHead(tenant), signed: null }
        expect(verifyChain(tenant, await store.auditLinks(tenant, 0, 1000), heads)).toMatchObject({
          ok: true,
          entries: 1 + steps.filter(({ kind }) => kind !== 'events').length,
        })
      }),
      { numRuns: 40 },
    )
  })

  test('of twenty requests with one key exactly one makes a run', async () => {
    const tenant = newTenant()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        subject.store.accept(newRun(tenant, { idempotency_key: 'k' }), note('run.create')),
      ),
    )
    const created = answers.flatMap((answer) => (answer.kind === 'created' ? [answer.lease.run_id] : []))
    expect(created).toHaveLength(1)
    expect(answers.flatMap((answer) => (answer.kind === 'replayed' ? [answer.run_id] : []))).toEqual(
      Array(19).fill(created[0]),
    )
  })

  test('one unit of work that fails takes none of its neighbours with it', async () => {
    const tenant = newTenant()
    const twin = newRun(tenant)
    const answers = await Promise.allSettled([
      accepted(subject.store, tenant),
      subject.store.accept(twin, note('run.create')),
      subject.store.accept(twin, note('run.create')),
      accepted(subject.store, tenant),
    ])
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(await subject.store.auditLinks(tenant, 0, 10)).toHaveLength(3)
  })
})

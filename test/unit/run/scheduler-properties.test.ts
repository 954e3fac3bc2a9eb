import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../src/contract/outcome.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { FakePort, fakeShop } from '../../helpers/fake-port.ts'
import { opened, runWhole } from '../../helpers/opened.ts'
import { acyclic, planOf, task } from '../../helpers/plans.ts'

const AGENT_NAMES = ['Clinical', 'MedicalQA', 'Billing'] as const
const MODEL_OF = { Clinical: 'clinical-model', MedicalQA: 'qa-model', Billing: 'billing-model' }
const slot = fc.integer({ min: 1, max: 3 })

/** A run of random shape on random permits, in which some calls fail or crash, and which may be cancelled on the way. */
const scenario = acyclic(14).chain((dependencies) => {
  const each = <T>(one: fc.Arbitrary<T>) =>
    fc.array(one, { minLength: dependencies.length, maxLength: dependencies.length })
  return fc.record({
    dependencies: fc.constant(dependencies),
    fates: each(fc.constantFrom('ok', 'ok', 'ok', 'fail', 'crash')),
    agents: each(fc.constantFrom(...AGENT_NAMES)),
    priorities: each(fc.integer({ min: 0, max: 5 })),
    slots: fc.record({ 'clinical-model': slot, 'qa-model': slot, 'billing-model': slot }),
    gpu_max: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    cancel_after: fc.option(fc.nat({ max: 10 }), { nil: null, freq: 1 }),
    scheduler: fc.scheduler(),
  })
})

describe('a run of any shape, on any permits, with any failures', () => {
  it('ends with one right outcome per task and every permit back', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ dependencies, fates, agents, priorities, slots, gpu_max, ...rest }) => {
        const { cancel_after, scheduler } = rest
        const log: { what: 'start' | 'end'; index: number }[] = []
        const cancellation = new Cancellation()
        let mostOnSharedGpu = 0
        const port = new FakePort((call) => {
          const index = Number(/^Write t(\d+)\./.exec(String(call.request.user))?.[1])
          log.push({ what: 'start', index })
          const onSharedGpu = (port.inFlight.get('clinical-model') ?? 0) + (port.inFlight.get('qa-model') ?? 0)
          mostOnSharedGpu = Math.max(mostOnSharedGpu, onSharedGpu)
          void scheduler.schedule(Promise.resolve(), `t${index}`).then(() => {
            if (log.filter(({ what }) => what === 'end').length === cancel_after) cancellation.cancel('cancelled')
            if (fates[index] === 'ok') call.succeed(`text ${index}`)
            else if (fates[index] === 'fail') call.fail('upstream_error')
            else call.crash(new Error('bug'))
          })
        })
        const gpu = { 'clinical-model': 0, 'qa-model': 0, 'billing-model': 1 }
        const shop = fakeShop(port, { slots, gpu, ...(gpu_max !== undefined && { gpu_max }) })
        const plan = planOf(
          dependencies.map((list, at) =>
            task(`t${at}`, {
              dependencies: list.map((d) => `t${d}`),
              agent_type: agents[at] as string,
              priority: priorities[at] as number,
            }),
          ),
        )
        const ends: Outcome[] = []
        const running = runWhole(plan, shop, opened(plan, shop, { cancellation }), {
          onTaskEnd: ({ index }, outcome) => {
            log.push({ what: 'end', index })
            ends.push(outcome)
          },
          onFault: () => undefined,
        })
        const outcomes = await scheduler.waitFor(running)

        expect(outcomes).toHaveLength(dependencies.length)
        expect(new Set(ends)).toEqual(new Set(outcomes))
        expect(ends).toHaveLength(dependencies.length)
        const when = (what: 'start' | 'end', of: number) =>
          log.findIndex((one) => one.what === what && one.index === of)
        for (const [index, outcome] of outcomes.entries()) {
          const needed = dependencies[index] as number[]
          expect(log.filter((one) => one.what === 'start' && one.index === index).length).toBeLessThanOrEqual(1)
          const started = when('start', index)
          if (started !== -1)
            for (const before of needed) {
              expect(outcomes[before]?.status).toBe('succeeded')
              expect(when('end', before)).toBeLessThan(started)
            }
          if (outcome.status === 'succeeded') expect([fates[index], outcome.content]).toEqual(['ok', `text ${index}`])
          else if (outcome.status === 'failed') expect(fates[index]).not.toBe('ok')
          else if (outcome.status === 'skipped') {
            const cause = Number(outcome.cause?.slice(1))
            expect(needed).toContain(cause)
            expect(outcomes[cause]?.status).not.toBe('succeeded')
            expect(when('end', cause)).toBeLessThan(when('end', index))
            expect(started).toBe(-1)
          } else expect(cancellation.cancelled).toBe(true)
          if (!cancellation.cancelled) {
            const blocked = needed.some((before) => outcomes[before]?.status !== 'succeeded')
            expect(outcome.status === 'skipped').toBe(blocked)
          }
        }
        for (const agent of AGENT_NAMES)
          expect(port.peak.get(MODEL_OF[agent]) ?? 0).toBeLessThanOrEqual(slots[MODEL_OF[agent] as keyof typeof slots])
        expect([shop.taken(), shop.waiting()]).toEqual([0, 0])
        expect(mostOnSharedGpu).toBeLessThanOrEqual(gpu_max ?? Number.POSITIVE_INFINITY)
      }),
      { numRuns: 200 },
    )
  })
})

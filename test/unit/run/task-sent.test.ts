import { describe, expect, it, vi } from 'vitest'
import { tryTask } from '../../../src/run/task.ts'
import type { Workshop } from '../../../src/run/workshop.ts'
import { FakePort, fakeShop, NO_RETRIES, runContext } from '../../helpers/fake-port.ts'
import { planOf, task } from '../../helpers/plans.ts'

const [draft] = planOf([task('a')]).tasks

/** A task on its way along these servers. */
function ward(chain: string[], parts: Partial<Workshop> = {}) {
  const port = new FakePort()
  const slots = Object.fromEntries(chain.map((model) => [model, 1]))
  const shop = fakeShop(port, { slots, chains: { Clinical: chain }, parts })
  const running = tryTask(shop, runContext(), draft as NonNullable<typeof draft>, 'Write.')
  return { port, shop, running }
}

describe('a first call earns its server part of a retry', () => {
  it.each([
    ['upstream_error', 5, ['one', 'two']],
    ['context_overflow', 5, ['one', 'two']],
    ['context_overflow', 0, ['two']],
    ['breaker_open', 0, ['two']],
    ['upstream_timeout', 5, ['one', 'two']],
    ['upstream_timeout', 0, ['two']],
  ] as const)(
    'once it has ended, and was sent: %s after %i ms at the first of two',
    async (code, latency_ms, earned) => {
      const sent = vi.fn()
      const { port, running } = ward(['one', 'two'], { retries: { ...NO_RETRIES, sent } })
      const first = await port.nth(1)
      expect(sent).not.toHaveBeenCalled()
      first.fail(code, { latency_ms })
      const second = await port.nth(2)
      second.succeed()
      await running
      expect(sent.mock.calls.flat()).toEqual(earned)
    },
  )
})

it('a permit for a call that was not sent is given back as unused', async () => {
  const { port, shop, running } = ward(['one'])
  const release = vi.spyOn(shop.lane('one'), 'release')
  const call = await port.nth(1)
  call.fail('breaker_open', { latency_ms: 0 })
  await running
  expect(release.mock.calls.map(([, , sent]) => sent)).toEqual([false])
})

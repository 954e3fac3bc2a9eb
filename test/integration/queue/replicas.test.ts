import { describe, expect, it } from 'vitest'
import { ownPrefix, REDIS_URL, redisIsWanted } from '../../helpers/redis.ts'
import { eventually, startReplicas } from './cluster.ts'
import { openLedger } from './ledger.ts'

const plain = () => ({ url: REDIS_URL, prefix: ownPrefix(), gpu_max: null, callers: 8, pause_ms: 0 })

describe.skipIf(!redisIsWanted)('replicas that share a model server', () => {
  it.each([2, 5])(
    'are %i and race: never more calls in flight than slots, and all replicas get some',
    async (count) => {
      const ledger = await openLedger(5)
      const replicas = await startReplicas(count, { ...plain(), ledger: ledger.url, slots: [3] })
      // A busy machine may take a while until all slots are full at once.
      await eventually(() => ledger.done() >= 300 && ledger.peak() >= 3, '300 calls, three at once')
      expect(ledger.peak()).toBe(3)
      for (const replica of replicas.keys()) expect(ledger.begun(replica)).toBeGreaterThan(0)
    },
  )

  it('keep to the cap of a GPU over all of its lanes', async () => {
    const ledger = await openLedger(40)
    await startReplicas(3, { ...plain(), ledger: ledger.url, slots: [2, 2, 2], gpu_max: 3 })
    await eventually(() => ledger.done() >= 100 && ledger.peak() >= 3, '100 calls, three at once')
    expect(ledger.peak()).toBe(3)
  })

  it('get the permits of one that is killed, and keep to the slots meanwhile', async () => {
    const ledger = await openLedger(5)
    const replicas = await startReplicas(2, { ...plain(), ledger: ledger.url, slots: [2] })
    await eventually(() => ledger.begun('a') > 20 && ledger.begun('b') > 20, 'both at work')
    replicas.get('a')?.signal('SIGKILL')
    await replicas.get('a')?.ended
    const { begun } = ledger
    const before = begun('b')
    ledger.forget()
    // More than what stands in its queue already: permits go round again, both of them.
    await eventually(() => begun('b') > before + 100 && ledger.peak() === 2, 'both permits go round')
    expect(ledger.peak()).toBe(2)
  })

  it('may double the permits of one that is frozen, once, until it comes back and its calls have ended', async () => {
    const ledger = await openLedger(5)
    const replicas = await startReplicas(2, { ...plain(), ledger: ledger.url, slots: [2] })
    ledger.hold('a')
    await eventually(() => ledger.inFlightOf('a') === 2, 'both permits with one replica')
    replicas.get('a')?.signal('SIGSTOP')
    await eventually(() => ledger.begun('b') > 100 && ledger.peak() === 4, 'the other gets both permits')
    expect(ledger.inFlightOf('a')).toBe(2)
    replicas.get('a')?.signal('SIGCONT')
    await replicas.get('a')?.says(/permit_lost/)
    ledger.hold(null)
    const later = ledger.begun('a')
    await eventually(() => ledger.begun('a') > later + 20, 'it works again')
    expect(ledger.peak()).toBe(4)
    ledger.forget()
    const done = ledger.done()
    await eventually(() => ledger.done() > done + 200, '200 more calls')
    expect(ledger.peak()).toBe(2)
  }, 40_000)
})

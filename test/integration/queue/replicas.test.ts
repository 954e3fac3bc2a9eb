import { describe, expect, it } from 'vitest'
import { ownPrefix, REDIS_URL, redisIsWanted } from '../../helpers/redis.ts'
import { eventually, startReplicas } from './cluster.ts'
import { openLedger } from './ledger.ts'

const plain = () => ({ url: REDIS_URL, prefix: ownPrefix(), gpu_max: null, callers: 8, pause_ms: 0 })

describe.skipIf(!redisIsWanted)('replicas that share a model server', () => {
  it.each([2, 5])('are %i and race: never more calls in flight than slots, and all replicas get some', async (count) => {
    const ledger = await openLedger(5)
    const replicas = await startReplicas(count, { ...plain(), ledger: ledger.url, slots: [3] })
    await eventually(() => ledger.done() >= 300, '300 calls')
    expect(ledger.peak()).toBe(3)
    for (const replica of replicas.keys()) expect(ledger.begun(replica)).toBeGreaterThan(0)
  })

  it('keep to the cap of a GPU over all of its lanes', async () => {
    const ledger = await openLedger(5)
    await startReplicas(3, { ...plain(), ledger: ledger.url, slots: [2, 2, 2], gpu_max: 3 })
    await eventually(() => ledger.done() >= 200, '200 calls')
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

  it('double a permit of one that is frozen once at most, and never again when it comes back', async () => {
    const ledger = await openLedger(5)
    const replicas = await startReplicas(2, { ...plain(), ledger: ledger.url, slots: [2] })
    await eventually(() => ledger.begun('a') > 20 && ledger.begun('b') > 20, 'both at work')
    replicas.get('a')?.signal('SIGSTOP')
    const before = ledger.begun('b')
    await eventually(() => ledger.begun('b') > before + 200, 'the other goes on')
    ledger.forget()
    const frozen = ledger.begun('a')
    replicas.get('a')?.signal('SIGCONT')
    await eventually(() => ledger.begun('a') > frozen + 50, 'it works again')
    // At most the calls for which it had permits when it froze, beside those of the others.
    expect(ledger.peak()).toBeLessThanOrEqual(4)
    ledger.forget()
    const later = ledger.done()
    await eventually(() => ledger.done() > later + 200, '200 more calls')
    expect(ledger.peak()).toBe(2)
  })
})

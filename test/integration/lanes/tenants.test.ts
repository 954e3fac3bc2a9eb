import { describe, expect, it } from 'vitest'
import { jainIndex } from '../../../bench/tenants.ts'
import type { RosterFile } from '../../../src/contract/roster.ts'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'
import { CHAT, custom, queued, startService } from '../../helpers/service.ts'
import { shoot, waitingIn } from './shots.ts'

const SLOTS = 2
const roster: RosterFile = { ...builtinRoster, models: builtinRoster.models.map((one) => ({ ...one, slots: SLOTS })) }
const one = (n: number) => custom([{ task_id: `t${n}` }])

/** The Chat lane, whose calls hang until `free` is called. */
async function heldLane() {
  const service = await startService({ simulator: { roster, latencyMs: 10 } })
  const url = await service.listen()
  await shoot(url, one(0))
  const { ledger, setFaults } = service.server(CHAT)
  setFaults(Array.from({ length: SLOTS }, () => ({ kind: 'hang' })))
  const leaving = new AbortController()
  const holders = Array.from({ length: SLOTS }, (_, n) => shoot(url, one(n), 'holder', leaving.signal))
  await ledger.until(({ inFlight }) => inFlight === SLOTS)
  const free = async () => {
    leaving.abort()
    for (const held of await Promise.allSettled(holders)) expect(held.status).toBe('rejected')
  }
  return { service, url, free }
}

describe('a tenant that sends 100 times as much as another', () => {
  it('waits for itself: the quiet one is served in turns with it, and refused nothing', async () => {
    const { service, url, free } = await heldLane()
    const noise = Array.from({ length: 200 }, (_, n) => shoot(url, one(n), 'noisy'))
    await queued(service, CHAT, 200)
    const first = shoot(url, one(0), 'quiet')
    await queued(service, CHAT, 201)
    await free()
    expect((await first).status).toBe(200)
    expect((await shoot(url, one(1), 'quiet')).status).toBe(200)
    // First come, first served would have let none of the noise wait any more.
    expect(waitingIn(service, CHAT)).toBeGreaterThan(0)
    for (const { status } of await Promise.all(noise)) expect(status).toBe(200)
  })
})

describe('three tenants that all ask for more than there is', () => {
  it('get the same, whoever came first and asked for most', async () => {
    const { service, url, free } = await heldLane()
    const tenants = ['first', 'second', 'third']
    const order: string[] = []
    const all: Promise<void>[] = []
    for (const [index, tenant] of tenants.entries()) {
      for (let n = 0; n < 120 - 40 * index; n++)
        all.push(
          shoot(url, one(n), tenant).then(({ status }) => {
            expect(status).toBe(200)
            order.push(tenant)
          }),
        )
      await queued(service, CHAT, all.length)
    }
    await free()
    await Promise.all(all)
    // So long all three wait: the last has 40.
    const whileAll = order.slice(0, 105)
    const shares = tenants.map((tenant) => whileAll.filter((name) => name === tenant).length)
    expect(jainIndex(shares)).toBeGreaterThan(0.95)
  })
})

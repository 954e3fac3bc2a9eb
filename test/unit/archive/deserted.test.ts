import { describe, expect, it } from 'vitest'
import { Deserted } from '../../../src/archive/deserted.ts'
import type { RunRecord } from '../../../src/store/records.ts'

interface Sight {
  run_id: string
  owner: string
  touched_at: number
}

const run = (run_id: string, owner: string, touched_at = 0): Sight => ({ run_id, owner, touched_at })

/** Looks every second from 0 to `to` ms; gives the ms at which each run was first found deserted. */
async function watch(to: number, seenAt: (ms: number) => Sight[], gone: readonly string[] = [], every = 1000) {
  const asked: string[][] = []
  const deserted = new Deserted(async (owners) => {
    asked.push([...owners])
    return new Set(owners.filter((owner) => gone.includes(owner)))
  })
  const found: Record<string, number> = {}
  for (let ms = 0; ms <= to; ms += every)
    for (const { run_id } of await deserted.look(seenAt(ms) as RunRecord[], ms)) found[run_id] ??= ms
  return { found, asked }
}

describe('runs that their owners have lost', () => {
  it('are those of an owner that is silent for 8 s, whatever else is known of it', async () => {
    const { found } = await watch(12_000, () => [run('r', 'frozen')])
    expect(found).toEqual({ r: 8000 })
  })

  it('are those of an owner that is silent for 4 s when its process has ended', async () => {
    const { found } = await watch(12_000, () => [run('r', 'killed'), run('s', 'frozen')], ['killed'])
    expect(found).toEqual({ r: 4000, s: 8000 })
  })

  it('are none of an owner that gives signs of life, even if its process seems to have ended', async () => {
    const { found, asked } = await watch(30_000, (ms) => [run('r', 'cut off', ms)], ['cut off'])
    expect([found, asked]).toEqual([{}, []])
  })

  it('are none while two of three signs of life are lost, even if the process of their owner seems to have ended', async () => {
    const everyThree = (ms: number) => [run('r', 'slow', Math.floor(ms / 3000))]
    expect((await watch(30_000, everyThree, ['slow'])).found).toEqual({})
  })

  it.each([
    { of: 'living', gone: [] },
    { of: 'living and cut off from all but the store', gone: ['owner'] },
  ])('are not told by an outage of the store, in which nobody can give a sign of life: $of', async ({ gone }) => {
    const deserted = new Deserted(async () => new Set(gone))
    const at = (ms: number, sign: number) => deserted.look([run('r', 'owner', sign)] as RunRecord[], ms)
    for (const ms of [0, 1000, 2000, 14_000]) expect(await at(ms, 0)).toEqual([])
    expect(await at(15_000, 1)).toEqual([])
  })

  it('begin anew under the next owner', async () => {
    const deserted = new Deserted(async () => new Set())
    const claimed = { ...run('r', 'first'), epoch: 1 }
    for (const ms of [0, 3000, 6000]) await deserted.look([claimed] as RunRecord[], ms)
    const again = { ...claimed, owner: 'second', epoch: 2 }
    expect(await deserted.look([again] as RunRecord[], 8000)).toEqual([])
    expect(await deserted.look([claimed] as RunRecord[], 9000)).toEqual([])
  })

  it('are asked about once for each owner, and only when it is silent', async () => {
    const runs = [run('r', 'a'), run('s', 'a'), run('t', 'b')]
    const { asked } = await watch(5000, () => runs, ['a'])
    expect(asked).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
  })
})

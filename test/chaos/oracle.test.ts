import { describe, expect, test } from 'vitest'
import { createChance } from './chance.ts'
import type { ModelCall } from './models.ts'
import { judgeRepeats } from './repeats.ts'
import type { Strike } from './strikes.ts'
import { quantile, takeovers } from './takeover.ts'

const call = (
  task: string,
  began: number,
  ended: number | null,
  { cut = false, caller = 'replica 1' } = {},
): ModelCall => ({
  request: 'c1',
  task,
  server: 'tiny',
  caller,
  began,
  ended,
  cut,
})
const kill = (from: number): Strike => ({ kind: 'kill', replica: 'replica 1', from, until: from + 10, crowd: 0 })
const freeze: Strike = { kind: 'freeze', replica: 'replica 1', from: 5000, until: 18_000, crowd: 0 }

describe('the oracle of repeated calls', () => {
  test('takes one for each call that a kill cut, and for one whose answer was not recorded yet', () => {
    const calls = [
      call('a', 4900, 5005, { cut: true }),
      call('a', 6000, 6100),
      call('b', 4000, 4990),
      call('b', 6000, 6100),
    ]
    expect(judgeRepeats(calls, [kill(5000)])).toMatchObject({
      repeated: 2,
      in_flight: 1,
      after_answer: [10],
      struck: 1,
      unexplained: [],
    })
  })

  test.each([
    ['without any strike', []],
    ['by a kill before it began', [kill(1000)]],
    ['by a kill long after its answer', [kill(9000)]],
    ['by a kill 300 ms after its answer, on a machine with nothing else to do', [kill(5305)]],
    ['by a freeze for which nobody takes its runs', [{ ...freeze, until: 9000 }]],
    ['by a kill of another replica', [{ ...kill(5000), replica: 'replica 2' }]],
    ['by a freeze of another replica', [{ ...freeze, replica: 'replica 2' }]],
    ['by a restart of the database', [{ kind: 'database', replica: null, from: 4950, until: 9000, crowd: 0 } as const]],
  ])('explains nothing %s', (_, strikes) => {
    const { unexplained } = judgeRepeats([call('a', 4900, 5005), call('a', 12_000, 12_100)], strikes)
    expect(unexplained).toHaveLength(1)
  })

  test('tells of a call that nothing explains what was done meanwhile', () => {
    const strikes = [kill(9000), { ...kill(20_000), replica: 'replica 3' }]
    const { unexplained } = judgeRepeats([call('a', 4900, 5005), call('a', 12_000, 12_100)], strikes)
    expect(unexplained).toEqual([
      'c1/a: called by replica 1 at 4900 ms, answered at 5005 ms, again by replica 1 at 12000 ms; kill replica 1 9000 ms to 9010 ms, load 0.0 a core',
    ])
  })

  test('gives a machine with other work more time to record an answer', () => {
    const calls = [call('a', 4900, 5005), call('a', 12_000, 12_100)]
    expect(judgeRepeats(calls, [{ ...kill(5305), crowd: 1 }])).toMatchObject({ after_answer: [300], unexplained: [] })
  })

  test.each([
    ['the database was away', 'database', null],
    ['another replica was frozen, perhaps with locks', 'freeze', 'replica 2'],
  ] as const)('counts no time in which %s, nor until it is asked again', (_, kind, replica) => {
    const calls = [call('a', 4900, 5005), call('a', 12_000, 12_100)]
    const away: Strike = { kind, replica, from: 5100, until: 7000, crowd: 0 }
    expect(judgeRepeats(calls, [away, kill(7600)])).toMatchObject({ after_answer: [2595], unexplained: [] })
    expect(judgeRepeats(calls, [away, kill(7800)]).unexplained).toHaveLength(1)
  })

  test('lets a run that was at work in a frozen process be worked on twice', () => {
    const calls = [call('a', 4900, 5050), call('a', 16_000, 16_100), call('z', 100, 200), call('z', 16_000, 16_100)]
    expect(judgeRepeats(calls, [freeze])).toMatchObject({
      around_freeze: 1,
      unexplained: [expect.stringMatching('c1/z')],
    })
  })
})

describe('the time of a takeover', () => {
  const evidence = (calls: ModelCall[], strikes: Strike[], manner: 'async' | 'sync' = 'async') => ({
    calls,
    strikes,
    acknowledged: [],
    manners: new Map([['c1', manner]]),
  })
  const calls = [call('a', 4900, 5005, { cut: true }), call('a', 16_000, 16_100)]

  test('is from the kill to the next call of the run', () => {
    expect(takeovers(evidence(calls, [kill(5000)]))).toEqual([11_000])
  })
  test('is not asked of runs that nobody may take over, nor while the database is away', () => {
    expect(takeovers(evidence(calls, [kill(5000)], 'sync'))).toEqual([])
    const away: Strike = { kind: 'database', replica: null, from: 6000, until: 12_000, crowd: 0 }
    expect(takeovers(evidence(calls, [kill(5000), away]))).toEqual([])
  })
  test('has a quantile', () => {
    expect(quantile([3, 1, 2], 0.5)).toBe(2)
    expect(quantile([3, 1, 2], 0.99)).toBe(3)
    expect(quantile([], 0.99)).toBeNull()
  })
})

test('chance repeats itself by its seed, also in its branches', () => {
  const draw = (seed: number) => {
    const chance = createChance(seed)
    const branch = chance.branch()
    return [chance.between(1, 6), branch.between(1, 1000), chance.pick(['a', 'b', 'c'])]
  }
  expect(draw(7)).toEqual(draw(7))
  expect(draw(7)).not.toEqual(draw(8))
})

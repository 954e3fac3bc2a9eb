import { describe, expect, test } from 'vitest'
import { type Finding, readFinding } from './findings.ts'
import type { Visit } from './models.ts'
import { judgePermits } from './permits.ts'
import type { Strike } from './strikes.ts'
import { covered, windowsOf } from './windows.ts'

const visit = (caller: string, began: number, ended: number | null): Visit => ({
  server: 'tiny',
  caller,
  began,
  ended,
  cut: false,
})
const said = (replica: string, at: number, what: Finding['what']): Finding => ({ replica, life: 1, at, what })
const flush: Strike = { kind: 'redis_flush', replica: null, from: 10_000, until: 10_005, crowd: 0 }
const sharing = { slots: 2, replicas: 3, shared: true }

describe('the oracle of permits', () => {
  const three = [visit('a', 100, 900), visit('b', 200, 900), visit('c', 300, 900)]

  test('takes the third call for two slots as one too many, whoever made it', () => {
    const { over, times } = judgePermits(three, [], sharing)
    expect(over).toEqual([expect.stringContaining('3 calls at tiny')])
    expect(times.get('shared')).toEqual({ peak: 3, bound: 2, calls: 3 })
  })

  test('does not count what has ended by then, nor what another server has', () => {
    const visits = [
      visit('a', 100, 300),
      visit('b', 200, 900),
      visit('c', 300, 900),
      { ...visit('d', 400, 900), server: 'large' },
    ]
    expect(judgePermits(visits, [], sharing).over).toEqual([])
  })

  test('lets a server notice a little later that a call was given up, and no more than that', () => {
    const given_up = (ended: number) => [
      visit('a', 100, 900),
      { ...visit('b', 200, ended), cut: true },
      visit('c', 300, 900),
    ]
    expect(judgePermits(given_up(349), [], sharing).over).toEqual([])
    expect(judgePermits(given_up(351), [], sharing).over).toHaveLength(1)
  })

  test('lets a replica that was alone with Redis away make one more, not two', () => {
    const windows = [{ why: 'redis' as const, from: 0, until: 1000 }]
    const calls = [...three, visit('b', 400, 900), visit('a', 500, 900)]
    expect(judgePermits(calls, windows, sharing).times.get('redis')).toMatchObject({ peak: 5, bound: 4 })
    expect(judgePermits(calls, windows, sharing).over).toHaveLength(1)
  })

  test('minds what begins, not what is left over from a time in which more were allowed', () => {
    const windows = [{ why: 'redis' as const, from: 0, until: 350 }]
    expect(judgePermits(three, windows, sharing).over).toEqual([])
    expect(judgePermits([...three, visit('a', 400, 900)], windows, sharing).over).toHaveLength(1)
  })

  test('looks at each replica by itself where they share nothing', () => {
    const alone = { slots: 2, replicas: 3, shared: false }
    expect(judgePermits([...three, visit('a', 400, 900)], [], alone).over).toEqual([])
    expect(judgePermits([...three, visit('a', 400, 900), visit('a', 500, 900)], [], alone).over).toHaveLength(1)
  })
})

describe('the times in which more is allowed', () => {
  test('last until every replica says that its lanes are shared, and its calls have asked for permits', () => {
    const findings = [
      said('a', 10_100, 'queue_away'),
      said('a', 10_150, 'queue_settling'),
      said('b', 11_000, 'queue_away'),
      said('a', 12_150, 'queue_shared'),
      said('b', 12_180, 'queue_shared'),
    ]
    expect(windowsOf([flush], findings, 20_000)).toEqual([{ why: 'redis', from: 10_000, until: 12_680 }])
  })

  test('know of replicas that started just before', () => {
    const findings = [said('a', 9000, 'started'), said('a', 9500, 'queue_shared')]
    expect(windowsOf([flush], findings, 20_000)).toEqual([{ why: 'strangers', from: 10_000, until: 11_505 }])
  })

  test('are not opened by a start, unless the replica begins alone', () => {
    const start = [said('a', 1000, 'started'), said('a', 2000, 'queue_shared'), said('a', 2100, 'listening')]
    expect(windowsOf([], start, 20_000)).toEqual([])
    const alone = [said('a', 1000, 'started'), said('a', 4500, 'listening'), said('a', 5000, 'queue_shared')]
    expect(windowsOf([], alone, 20_000)).toEqual([{ why: 'busy', from: 1000, until: 5500, who: 'a: began alone' }])
  })

  test('are opened by a freeze that is longer than locks last', () => {
    const freeze = (until: number): Strike => ({ kind: 'freeze', replica: 'a', from: 1000, until, crowd: 0 })
    expect(windowsOf([freeze(2900)], [], 20_000)).toEqual([])
    expect(windowsOf([freeze(5000)], [], 20_000)).toEqual([{ why: 'freeze', from: 3000, until: 6500 }])
    const lost = [said('a', 5100, 'queue_away'), said('a', 7200, 'queue_shared')]
    expect(windowsOf([freeze(5000)], lost, 20_000)).toMatchObject([{ why: 'freeze', from: 5100, until: 7700 }, {}])
  })

  test('end with the process that said so', () => {
    const findings = [said('a', 1000, 'queue_away'), said('a', 1500, 'ended'), said('b', 3000, 'queue_away')]
    const windows = windowsOf([], findings, 4000)
    expect(windows.map(({ from, until }) => [from, until])).toEqual([
      [1000, 1500],
      [3000, 4000],
    ])
    expect(covered([...windows, { from: 1400, until: 1600 }])).toBe(1600)
  })
})

test('findings are read out of the log of the service, and nothing else is', () => {
  const time = new Date(performance.timeOrigin + 5000).toISOString()
  const finding = readFinding(
    JSON.stringify({ level: 40, time, finding: 'queue_away', reason: 'silent', msg: 'replicas' }),
  )
  expect(finding).toMatchObject({ what: 'queue_away', reason: 'silent' })
  expect(readFinding(JSON.stringify({ time, msg: 'listening' }))?.what).toBe('listening')
  expect(Math.abs((finding?.at ?? 0) - 5000)).toBeLessThan(2)
  expect(readFinding(JSON.stringify({ time, finding: 'replica_joined' }))).toBeNull()
  expect(readFinding('{"finding":"queue_aw')).toBeNull()
})

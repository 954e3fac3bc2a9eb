import { describe, expect, it, onTestFinished } from 'vitest'
import type { Members } from '../../../src/queue/members.ts'
import { Replicas } from '../../../src/queue/replicas.ts'
import { ownPrefix, redisServerIsThere, startRedis } from '../../helpers/redis.ts'
import { doorTo } from '../archive/door.ts'
import { until } from '../faults/until.ts'
import { eventually, startReplicas } from './cluster.ts'
import { openLedger } from './ledger.ts'

const LONG = { timeout: 60_000 }
const ALL = ['a', 'b']

/** Replicas a and b in processes of their own, watched by one that lives here. */
async function watched() {
  const redis = await startRedis()
  const prefix = ownPrefix()
  const { url: ledger } = await openLedger(10)
  const settings = { url: redis.url, prefix, ledger, slots: [1], gpu_max: null, callers: 1, pause_ms: 100 }
  const processes = await startReplicas(2, settings)
  const { members, settled } = watcherOf(redis.url, prefix)
  await settled
  const knows = (...ids: string[]) => eventually(() => `${members.living}` === `${ids}`, `${ids} live`)
  await knows('a', 'b', 'watcher')
  const signal = (id: string, name: NodeJS.Signals) => processes.get(id)?.signal(name)
  return { redis, prefix, members, knows, signal }
}

function watcherOf(url: string, prefix: string, replica = 'watcher') {
  const replicas = new Replicas({ url, prefix, replica, log: () => {} })
  onTestFinished(() => replicas.close())
  return { members: replicas.members, settled: replicas.settled(10_000) }
}

/** Looks until the watcher says that exactly these of a and b have gone. */
async function untilGone(members: Members, ids: readonly string[], asked = ALL): Promise<void> {
  const isSo = async () => `${[...(await members.gone(asked))]}` === `${ids}`
  await until(isSo, `gone are ${ids}`, 15_000)
}

describe.skipIf(!redisServerIsThere)('the processes that have ended', () => {
  it('are those that were killed, and not those that are frozen', LONG, async () => {
    const { members, knows, signal } = await watched()
    expect(await members.gone(ALL)).toEqual(new Set())
    signal('a', 'SIGKILL')
    signal('b', 'SIGSTOP')
    await knows('watcher')
    await untilGone(members, ['a'])
    signal('b', 'SIGCONT')
    await knows('b', 'watcher')
    expect(await members.gone(ALL)).toEqual(new Set(['a']))
  })

  it('are known to a replica that never saw them', LONG, async () => {
    const { redis, prefix, knows, signal } = await watched()
    signal('a', 'SIGKILL')
    await knows('b', 'watcher')
    const late = watcherOf(redis.url, prefix, 'late')
    await late.settled
    await untilGone(late.members, ['a'])
  })

  it('are none while Redis is away, and none that come back to a Redis that is empty', LONG, async () => {
    const { redis, prefix, members } = await watched()
    await redis.stop()
    expect(await members.gone(ALL)).toEqual(new Set())
    await redis.start()
    const found = new Set<string>()
    // One that begins with the empty Redis: as long as it takes to know all, it hears of nobody's end.
    const { members: late } = watcherOf(redis.url, prefix, 'late')
    const knowsAll = async () => {
      for (const each of [members, late]) for (const id of await each.gone(ALL)) found.add(id)
      return late.living.length === 4
    }
    await until(knowsAll, 'all are known again', 15_000)
    expect([...found]).toEqual([])
  })

  it(
    'seem to be one that lives and has lost Redis: who takes anything from it asks the store first',
    LONG,
    async () => {
      const redis = await startRedis()
      const door = await doorTo(redis.url)
      const prefix = ownPrefix()
      const cut = watcherOf(door.url, prefix, 'a')
      const { members, settled } = watcherOf(redis.url, prefix)
      await Promise.all([cut.settled, settled])
      await eventually(() => members.living.length === 2, 'both know both')
      await door.close()
      await untilGone(members, ['a'], ['a'])
      await door.open()
      await untilGone(members, [], ['a'])
    },
  )
})

import { setTimeout as pause } from 'node:timers/promises'
import { Replicas } from '../../src/queue/replicas.ts'
import { GpuBudget } from '../../src/run/gpu-budget.ts'
import { Lane } from '../../src/run/lane.ts'
import type { LanePort } from '../../src/run/lane-port.ts'
import { SharedLane } from '../../src/run/shared-lane.ts'
import { ownPrefix, REDIS_URL, redisIsWanted } from '../helpers/redis.ts'

const AGING = 15_000

export interface LaneSubject {
  /** One lane for each number of slots, on one GPU. */
  lanes: LanePort[]
  close: () => Promise<void>
}

export interface LaneKind {
  name: string
  open: (slots: readonly number[], gpu_max?: number) => Promise<LaneSubject>
}

const own: LaneKind = {
  name: 'a lane of one process',
  async open(slots, gpu_max) {
    const gpu = new GpuBudget(0, gpu_max)
    return { lanes: slots.map((count, at) => new Lane(`m${at}`, count, gpu, AGING)), close: async () => {} }
  },
}

export interface ReplicaSet {
  prefix: string
  replicas: Replicas[]
  lanes: SharedLane[]
  close: () => Promise<void>
}

/** Replicas of one process that share: each with a lane for the same server. */
export async function openReplicas(ids: readonly string[], slots: number): Promise<ReplicaSet> {
  const prefix = ownPrefix()
  const replicas = ids.map((replica) => new Replicas({ url: REDIS_URL, prefix, replica, log: () => {} }))
  const lanes = replicas.map((one) => {
    const source = one.permitsOf({ url: 'http://m/v1', served_model: 'm', slots, gpu: { id: 0, max: null } })
    return new SharedLane('m', slots, new GpuBudget(0), AGING, source)
  })
  await Promise.all(replicas.map((one) => one.settled(10_000)))
  const close = async () => {
    for (const one of replicas) await one.close()
  }
  return { prefix, replicas, lanes, close }
}

const shared: LaneKind = {
  name: 'a lane shared over Redis',
  async open(slots, gpu_max) {
    const replicas = new Replicas({ url: REDIS_URL, prefix: ownPrefix(), replica: 'only', log: () => {} })
    const gpu = new GpuBudget(0, gpu_max)
    const lanes = slots.map((count, at) => {
      const model = { url: `http://m${at}/v1`, served_model: 'm', slots: count, gpu: { id: 0, max: gpu_max ?? null } }
      return new SharedLane(`m${at}`, count, gpu, AGING, replicas.permitsOf(model))
    })
    await replicas.settled(10_000)
    return { lanes, close: () => replicas.close() }
  },
}

/** Everything that says it is a LanePort. */
export const laneKinds: readonly LaneKind[] = redisIsWanted ? [own, shared] : [own]

/** Looks until it is true: what a shared lane does takes some ms. */
export async function until(met: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 5000
  while (!(await met())) {
    if (performance.now() > end) throw new Error(`Not within 5 s: ${what}`)
    await pause(2)
  }
}

import { randomUUID } from 'node:crypto'
import { Replicas } from '../src/queue/replicas.ts'
import { Cancellation } from '../src/run/cancellation.ts'
import { GpuBudget } from '../src/run/gpu-budget.ts'
import { Lane } from '../src/run/lane.ts'
import type { AdmissionRequest, LanePort } from '../src/run/lane-port.ts'
import { SharedLane } from '../src/run/shared-lane.ts'
import { quantile } from './stats.ts'

export interface Dispatch {
  /** From asking for a permit that is free to having it, in ms. */
  idle_p50_ms: number
  /** From one replica's giving a permit back to the other's having it, in ms. */
  between_p50_ms: number
  between_p99_ms: number
  /** The same hand-over inside one process, without Redis. */
  direct_p50_ms: number
  /** Between replicas over direct: what sharing costs a call that waits. */
  over_direct_ms: number
}

const request = (): AdmissionRequest => ({
  claimant: { tenant: 'bench', start: performance.now(), path: 0, given: 0 },
  priority: 0,
  rank: 0,
  work: 0,
  deadline: performance.now() + 60_000,
  cancel: new Cancellation(),
})

/** One permit that goes to and fro between two lanes; ms from giving it back to the other's having it. */
async function handOver(lanes: readonly [LanePort, LanePort], times: number): Promise<number[]> {
  const taken: number[] = []
  let [holder, other] = lanes
  await holder.acquire(request())
  for (let i = 0; i < times; i++) {
    const waiting = Promise.resolve(other.acquire(request()))
    // Its ticket stands in the queue before the permit is given back.
    await new Promise((resolve) => setTimeout(resolve, 10))
    const began = performance.now()
    holder.release(request(), 0)
    await waiting
    taken.push(performance.now() - began)
    ;[holder, other] = [other, holder]
  }
  holder.release(request(), 0)
  return taken
}

async function idle(lane: LanePort, times: number): Promise<number[]> {
  const taken: number[] = []
  for (let i = 0; i < times; i++) {
    const began = performance.now()
    await lane.acquire(request())
    taken.push(performance.now() - began)
    lane.release(request(), 0)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return taken
}

/** Dispatch between two replicas over the Redis at `url`. Rejects when lanes are not shared within ten seconds. */
export async function measureDispatch(url: string, times = 300): Promise<Dispatch> {
  const prefix = `bench-${randomUUID().slice(0, 8)}`
  const replicas = ['a', 'b'].map((replica) => new Replicas({ url, prefix, replica, log: () => undefined }))
  const lanes = replicas.map((one) => {
    const source = one.permitsOf({ url: 'http://m/v1', served_model: 'm', slots: 1, gpu: { id: 0, max: null } })
    return new SharedLane('m', 1, new GpuBudget(0), 15_000, source)
  }) as [SharedLane, SharedLane]
  try {
    await Promise.all(replicas.map((one) => one.settled(10_000)))
    if (replicas.some(({ degraded }) => degraded)) throw new Error(`No lanes shared over ${url}`)
    const own = new Lane('m', 1, new GpuBudget(0), 15_000)
    await handOver(lanes, 20)
    const alone = await idle(lanes[0], times)
    const between = await handOver(lanes, times)
    const direct = await handOver([own, own], times)
    const direct_p50_ms = quantile(direct, 0.5)
    const between_p50_ms = quantile(between, 0.5)
    return {
      idle_p50_ms: quantile(alone, 0.5),
      between_p50_ms,
      between_p99_ms: quantile(between, 0.99),
      direct_p50_ms,
      over_direct_ms: between_p50_ms - direct_p50_ms,
    }
  } finally {
    for (const one of replicas) await one.close()
  }
}

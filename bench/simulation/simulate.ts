import type { Claimant } from '../../src/run/policy.ts'
import { type Call, VirtualGpu, VirtualLane } from './lane.ts'
import type { Policy } from './policies.ts'
import type { SimLane, SimRun, SimTask } from './run.ts'

export interface Site {
  lanes: readonly SimLane[]
  /** Calls in flight over all lanes of one GPU; left out: no cap. */
  gpu_max?: number
}

/** A call that was made, in ms of virtual time. */
export interface SimCall {
  run: number
  task: number
  lane: string
  start: number
  end: number
}

export interface SimResult {
  /** When each run ended, in the order of `runs`. */
  ends: Float64Array
  /** In the order in which they ended. */
  calls: SimCall[]
  makespan: number
}

interface Flight extends SimCall {
  over: () => void
}

function buildLanes({ lanes, gpu_max = Number.POSITIVE_INFINITY }: Site, policy: Policy) {
  const gpus = new Map([...new Set(lanes.map(({ gpu }) => gpu))].map((id) => [id, new VirtualGpu(gpu_max)]))
  return new Map(
    lanes.map(({ model, gpu, slots }) => [model, new VirtualLane(slots, gpus.get(gpu) as VirtualGpu, policy)]),
  )
}

const longest = (ranks: ArrayLike<number>): number => Array.from(ranks).reduce((most, rank) => Math.max(most, rank), 0)

/**
 * Runs a workload in virtual time; `runs` in the order of their arrival. As in the service, a task asks for a permit the
 * moment its own dependencies have ended, a permit goes on before the tasks behind the ended one ask, and nothing is
 * ever taken back. Models take exactly as long as the tasks say, and everything else no time.
 */
export function simulate(runs: readonly SimRun[], site: Site, policy: Policy): SimResult {
  const lanes = buildLanes(site, policy)
  const ends = new Float64Array(runs.length)
  const calls: SimCall[] = []
  // Never more than there are slots: looking through them is cheaper than keeping a heap.
  const flights: Flight[] = []

  function begin(run: SimRun, index: number): void {
    const { graph, tasks, ranks, arrival, tenant } = run
    const claimant: Claimant = { tenant, start: arrival, path: longest(ranks), given: 0 }
    const open = graph.dependencies.map((list) => list.length)
    const ask = (task: number, now: number): void => {
      const { lane: model, priority, duration, expected } = tasks[task] as SimTask
      const lane = lanes.get(model) as VirtualLane
      const start = (at: number) => flights.push({ run: index, task, lane: model, start: at, end: at + duration, over })
      const call: Call = { claimant, priority, rank: ranks[task] as number, work: expected, start }
      const over = (): void => {
        const end = clock
        lane.release(call, duration, end)
        ends[index] = end
        for (const next of graph.dependents[task] ?? []) {
          open[next] = (open[next] as number) - 1
          if (open[next] === 0) ask(next, end)
        }
      }
      lane.acquire(call, now)
    }
    for (const task of graph.order) if (graph.dependencies[task]?.length === 0) ask(task, arrival)
  }

  let clock = 0
  let arrived = 0
  for (;;) {
    const first = earliest(flights)
    const flight = flights[first]
    const arrival = runs[arrived]
    if (flight !== undefined && (arrival === undefined || flight.end <= arrival.arrival)) {
      flights.splice(first, 1)
      clock = flight.end
      const { over, ...call } = flight
      calls.push(call)
      over()
    } else if (arrival !== undefined) {
      clock = arrival.arrival
      begin(arrival, arrived++)
    } else break
  }
  return { ends, calls, makespan: clock }
}

function earliest(flights: readonly Flight[]): number {
  let first = flights.length > 0 ? 0 : -1
  for (let at = 1; at < flights.length; at++)
    if ((flights[at] as Flight).end < (flights[first] as Flight).end) first = at
  return first
}

import { Counter, Gauge, type Registry } from 'prom-client'
import type { GpuBudget } from '../run/gpu-budget.ts'
import type { LanePort } from '../run/lane-port.ts'

/** What is read when Prometheus asks, not counted as it happens. */
export interface LiveSources {
  lanes: readonly LanePort[]
  gpus: readonly GpuBudget[]
  breakerOpen: (model: string) => boolean
  /** How long a call behind all that a lane has before it would probably wait for a permit, in ms; null while nothing is known. */
  estimatedWaitMs: (model: string) => number | null
  /** What was noticed on the connections to a model server, counted since the start. */
  noticed: (model: string) => { reconnects: number; late: number; duplicate: number }
  /** Of two calls side by side: answers that came when the other one's had been taken. */
  lateHedges: (model: string) => number
  /** Whether lanes go by this replica's own share of the slots; null when there are no replicas. */
  queueDegraded: () => boolean | null
  version: string
}

/** Registers lanes, GPUs, breakers, runs in flight and the build. */
export function registerLive(
  prefix: string,
  sources: LiveSources,
  runsInFlight: () => number,
  registry: Registry,
): void {
  const { lanes, gpus } = sources
  const gauge = <L extends string>(name: string, help: string, labelNames: L[], read: (gauge: Gauge<L>) => void) =>
    new Gauge({
      name: prefix + name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        read(this)
      },
    })
  const perLane = (name: string, help: string, read: (lane: LanePort) => number) =>
    gauge(name, help, ['model', 'gpu'], (made) => {
      for (const lane of lanes) made.set({ model: lane.model, gpu: lane.gpu.id }, read(lane))
    })

  perLane('lane_slots', 'Permits of the lane', (lane) => lane.slots)
  perLane('lane_busy', 'Permits in use', (lane) => lane.busy)
  perLane('lane_queued', 'Calls waiting for a permit', (lane) => lane.queued)
  gauge(
    'lane_estimated_wait_seconds',
    'What a call behind all others would probably wait for a permit',
    ['model'],
    (made) => {
      made.reset()
      for (const { model } of lanes) {
        const wait = sources.estimatedWaitMs(model)
        // No sample says more than a 0 that nobody knows.
        if (wait !== null) made.set({ model }, wait / 1000)
      }
    },
  )
  gauge('queue_degraded', '1 while this replica cannot share its lanes with the others', [], (made) => {
    const degraded = sources.queueDegraded()
    made.reset()
    // No sample where there is nobody to share with.
    if (degraded !== null) made.set(degraded ? 1 : 0)
    else made.remove()
  })
  gauge('breaker_open', '1 while the breaker of a model server is open', ['model'], (made) => {
    for (const lane of lanes) made.set({ model: lane.model }, sources.breakerOpen(lane.model) ? 1 : 0)
  })
  gauge('runs_in_flight', 'Runs that have started and not ended', [], (made) => made.set(runsInFlight()))
  gauge('build_info', 'Version of the service and of Node', ['version', 'node'], (made) =>
    made.set({ version: sources.version, node: process.version }, 1),
  )
  const counter = <L extends string>(
    name: string,
    help: string,
    labelNames: L[],
    read: (counter: Counter<L>) => void,
  ) =>
    new Counter({
      name: prefix + name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset()
        read(this)
      },
    })
  counter('model_ignored_answers_total', 'Answers that nobody waited for any more', ['model', 'kind'], (made) => {
    for (const { model } of lanes) {
      const { late, duplicate } = sources.noticed(model)
      made.inc({ model, kind: 'late' }, late + sources.lateHedges(model))
      made.inc({ model, kind: 'duplicate' }, duplicate)
    }
  })
  counter('model_reconnects_total', 'Calls sent again on a new connection', ['model'], (made) => {
    for (const { model } of lanes) made.inc({ model }, sources.noticed(model).reconnects)
  })
  counter('gpu_busy_seconds_total', 'Time during which a GPU had at least one call in flight', ['gpu'], (made) => {
    for (const gpu of gpus) made.inc({ gpu: gpu.id }, gpu.busyMs() / 1000)
  })
}

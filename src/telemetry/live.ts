import { Counter, Gauge, type Registry } from 'prom-client'
import type { GpuBudget, Lane } from '../run/lane.ts'

/** What is read when Prometheus asks, not counted as it happens. */
export interface LiveSources {
  lanes: Iterable<Lane>
  gpus: Iterable<GpuBudget>
  breakerOpen: (model: string) => boolean
  version: string
}

/** Registers lanes, GPUs, breakers, runs in flight and the build. */
export function registerLive(
  prefix: string,
  sources: LiveSources,
  runsInFlight: () => number,
  registry: Registry,
): void {
  const lanes = [...sources.lanes]
  const gpus = [...sources.gpus]
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
  const perLane = (name: string, help: string, read: (lane: Lane) => number) =>
    gauge(name, help, ['model', 'gpu'], (made) => {
      for (const lane of lanes) made.set({ model: lane.model, gpu: lane.gpu.id }, read(lane))
    })

  perLane('lane_slots', 'Permits of the lane', (lane) => lane.slots)
  perLane('lane_busy', 'Permits in use', (lane) => lane.busy)
  perLane('lane_queued', 'Calls waiting for a permit', (lane) => lane.queued)
  gauge('breaker_open', '1 while the breaker of a model server is open', ['model'], (made) => {
    for (const lane of lanes) made.set({ model: lane.model }, sources.breakerOpen(lane.model) ? 1 : 0)
  })
  gauge('runs_in_flight', 'Runs that have started and not ended', [], (made) => made.set(runsInFlight()))
  gauge('build_info', 'Version of the service and of Node', ['version', 'node'], (made) =>
    made.set({ version: sources.version, node: process.version }, 1),
  )
  new Counter({
    name: `${prefix}gpu_busy_seconds_total`,
    help: 'Time during which a GPU had at least one call in flight',
    labelNames: ['gpu'],
    registers: [registry],
    collect() {
      this.reset()
      for (const gpu of gpus) this.inc({ gpu: gpu.id }, gpu.busyMs() / 1000)
    },
  })
}

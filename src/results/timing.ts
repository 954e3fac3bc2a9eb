import type { Outcome } from '../contract/outcome.ts'
import type { RunMetadata } from '../contract/result.ts'
import { criticalPath, slowestPath } from './critical-path.ts'
import type { PlanView, TaskView } from './input.ts'
import { roundMs, roundRatio } from './round.ts'

/** Durations in ms to 3 decimals, ratios to 4. */
export type Timing = Pick<
  RunMetadata,
  | 'sequential_time_ms'
  | 'speedup_factor'
  | 'ideal_speedup'
  | 'critical_path_ms'
  | 'critical_path'
  | 'queue_time_ms'
  | 'retry_time_ms'
  | 'overhead_ms'
  | 'slowest_path'
  | 'slowest_path_ms'
  | 'service_ms'
> & { total_latency_ms: number; parallel_efficiency: number }

const ratio = (above: number, below: number): number => (below > 0 ? above / below : 0)

/**
 * What running the plan cost and gained, by the definitions of "Timing, defined once" in the design:
 * speed-up = sequential / total, ideal = sequential / critical path, efficiency = min(1, speed-up / lanes_used),
 * overhead = total − critical path − queueing − retrying on that path. The slowest path counts what every task that was
 * tried waited, retried and worked: it decided the wall time, and service = total − slowest path is what Consilium itself
 * cost. Nothing succeeded: the three ratios are 0.
 * Everything is computed from unrounded times and rounded once.
 */
export function measure(
  plan: Pick<PlanView, 'tasks' | 'graph' | 'lanes_used'>,
  outcomes: readonly Outcome[],
  total_ms: number,
): Timing {
  let sequential = 0
  for (const outcome of outcomes) if (outcome.status === 'succeeded') sequential += outcome.latency_ms

  const { length_ms, path } = criticalPath(plan.graph, outcomes)
  let queueing = 0
  let retrying = 0
  for (const index of path) {
    const outcome = outcomes[index] as Outcome
    queueing += outcome.queue_ms
    retrying += outcome.retry_ms
  }

  const slowest = slowestPath(plan.graph, outcomes)
  const idsOf = (indices: readonly number[]) => indices.map((index) => (plan.tasks[index] as TaskView).task_id)
  const speedup = ratio(sequential, total_ms)
  return {
    total_latency_ms: roundMs(total_ms),
    sequential_time_ms: roundMs(sequential),
    speedup_factor: roundRatio(speedup),
    ideal_speedup: roundRatio(ratio(sequential, length_ms)),
    parallel_efficiency: roundRatio(Math.min(1, ratio(speedup, plan.lanes_used))),
    critical_path_ms: roundMs(length_ms),
    critical_path: idsOf(path),
    queue_time_ms: roundMs(queueing),
    retry_time_ms: roundMs(retrying),
    overhead_ms: roundMs(total_ms - length_ms - queueing - retrying),
    slowest_path_ms: roundMs(slowest.length_ms),
    slowest_path: idsOf(slowest.path),
    service_ms: roundMs(Math.max(0, total_ms - slowest.length_ms)),
  }
}

import type { RunEnd } from '../contract/service.ts'
import type { Problem } from '../errors.ts'
import type { RunDetail } from '../store/records.ts'

/** The end of an accepted run that this service cannot plan any more: its roster or its limits have changed. */
export function unplannable({ run_id, workflow_type }: RunDetail, { detail }: Problem): RunEnd {
  return {
    response: {
      run_id,
      workflow_type,
      status: 'failed',
      success: false,
      aggregated_content: `[NOT AVAILABLE: the run was interrupted and cannot go on: ${detail}]`,
      total_latency_ms: 0,
      parallel_efficiency: 0,
      metadata: {
        num_tasks: 0,
        sequential_time_ms: 0,
        speedup_factor: 0,
        ideal_speedup: 0,
        critical_path_ms: 0,
        critical_path: [],
        queue_time_ms: 0,
        retry_time_ms: 0,
        overhead_ms: 0,
        slowest_path_ms: 0,
        slowest_path: [],
        service_ms: 0,
        lanes_used: 0,
        agents: [],
        simulated: false,
        duplicates_removed: 0,
        errors: [],
      },
      results: [],
    },
    timed_out: false,
    stopped: false,
  }
}

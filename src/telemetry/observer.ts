import type { Logger } from 'pino'
import type { RunObserver } from '../run/observer.ts'
import { describeRun } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { TaskStats } from './task-stats.ts'

/** Counts every task and run, and writes one log line per run. */
export function createObserver(metrics: Metrics, stats: TaskStats, log: Logger): RunObserver {
  return {
    runRefused: (reason) => metrics.runRefused(reason),
    runStarted: () => metrics.runStarted(),
    runParked: () => metrics.runParked(),
    taskEnded: (task, outcome) => metrics.taskEnded(task, outcome),
    taskMeasured: ({ planned_model }, outcome) => metrics.models.taskEnded(outcome.model ?? planned_model, outcome),
    runEnded: ({ response, timed_out }, caller) => {
      metrics.runEnded(response)
      stats.record(caller.tenant, response)
      log.info({ ...describeRun(response, caller), timed_out }, 'run ended')
    },
    fault: (error, run_id) => log.error({ err: error, run_id }, 'fault while working on a task'),
  }
}

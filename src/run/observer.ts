import type { Outcome } from '../contract/outcome.ts'
import type { RunCaller, RunEnd } from '../contract/service.ts'
import type { PlanTask } from '../plan/plan.ts'

/** Who is told what happens in runs. What throws is reported as a fault and changes nothing. */
export interface RunObserver {
  runStarted: () => void
  taskEnded: (task: PlanTask, outcome: Outcome) => void
  runEnded: (end: RunEnd, caller: RunCaller) => void
  fault: (error: unknown, run_id: string) => void
}

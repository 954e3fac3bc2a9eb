import type { Outcome } from '../contract/outcome.ts'
import type { RunCaller, RunEnd } from '../contract/service.ts'
import type { PlanTask } from '../plan/plan.ts'
import type { RefusalReason } from './admission.ts'

/** Who is told what happens in runs. What throws is reported as a fault and changes nothing. */
export interface RunObserver {
  /** Nothing of it was started. */
  runRefused: (reason: RefusalReason) => void
  runStarted: () => void
  /** It stands still until somebody decides; it will start again. */
  runParked: () => void
  taskEnded: (task: PlanTask, outcome: Outcome) => void
  /** A task ran once more to be measured: its calls are real, the task is no new one. */
  taskMeasured: (task: PlanTask, outcome: Outcome) => void
  runEnded: (end: RunEnd, caller: RunCaller) => void
  fault: (error: unknown, run_id: string) => void
}

import type { Model, ModelPort, Retries } from '../models/port.ts'
import type { Backlog } from './backlog.ts'
import type { Forecast } from './forecast.ts'
import type { LaneTable } from './lane-port.ts'

/** What running a task needs, the same for all tasks of all runs. */
export interface Workshop {
  lanes: LaneTable
  models: ModelPort
  retries: Retries
  forecast: Forecast
  backlog: Backlog
  /** The models of an agent, the pinned one first, then its fallbacks. */
  chainOf: (agent_type: string) => readonly Model[]
  /** Whether a model's breaker is closed: calls go out as usual. */
  works: (model: string) => boolean
  /** After how many ms without an answer an agent's call is sent a second time; null: never. */
  hedgeAfterMs: (agent_type: string) => number | null
  /** Hears of an answer that came after another one had been taken. */
  onLateAnswer: (model: string) => void
  task_timeout_ms: number
  /** Waiting calls that a lane takes before a fallback is turned away from it. */
  lane_queue_max: number
}

import type { RunCaller } from '../contract/service.ts'
import type { Model, ModelPort, Retries } from '../models/port.ts'
import type { Purse } from '../routing/budget/port.ts'
import type { AnswerCache } from './answer-cache.ts'
import type { Backlog } from './backlog.ts'
import type { FindEvidence } from './find-evidence.ts'
import type { Forecast } from './forecast.ts'
import type { LaneTable } from './lane-port.ts'

/** What says which models may answer a task. */
export interface Pinned {
  agent_type: string
  models: readonly string[] | null
}

/** What running a task needs, the same for all tasks of all runs. */
export interface Workshop {
  lanes: LaneTable
  models: ModelPort
  retries: Retries
  forecast: Forecast
  backlog: Backlog
  /** The models that a task may ask: its own, or else its agent's. The planned one first, then the fallbacks. */
  chainOf: (task: Pinned) => readonly Model[]
  /** Whether a model's breaker is closed: calls go out as usual. */
  works: (model: string) => boolean
  /** After how many ms without an answer an agent's call is sent a second time; null: never. */
  hedgeAfterMs: (agent_type: string) => number | null
  findEvidence: FindEvidence
  /** Answers that may be given again; null: none are kept. */
  answers: AnswerCache | null
  /** What a run of this caller may spend; in US dollars `max_cost` of the run itself, and what it has `spent` before it was interrupted. */
  openPurse: (caller: RunCaller, max_cost: number | null, spent: number) => Purse
  /** Hears of an answer that came after another one had been taken. */
  onLateAnswer: (model: string) => void
  task_timeout_ms: number
  /** Waiting calls that a lane takes before a fallback is turned away from it. */
  lane_queue_max: number
}

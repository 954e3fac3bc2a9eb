import type { ApprovalPolicy } from '../contract/approval.ts'
import type { Retrieve } from '../contract/citation.ts'
import type { RoutingDecision } from '../contract/routing.ts'
import type { Chat } from './chat.ts'
import type { PlanGraph } from './graph.ts'
import type { Template } from './template.ts'
import type { Layout } from './workflow.ts'

/** One node of a plan, ready to run. `index` is its place in plan order. */
export interface PlanTask {
  index: number
  task_id: string
  agent_type: string
  system: string
  template: Template
  max_tokens: number
  temperature: number
  /** Effective: the highest of the task's, those of all tasks that wait for it, and the request's. */
  priority: number
  dependencies: readonly string[]
  timeout_ms: number | null
  /** Nothing behind it starts before a human has approved its text. */
  requires_approval: boolean
  /** Passages to go behind its prompt; null: none are asked for. */
  retrieve: (Omit<Retrieve, 'query'> & { query: Template | null }) | null
  /** An answer that was given before may be given again. */
  cache: boolean
  /** US dollars that its calls together may cost; null: it sets no bound. */
  max_cost: number | null
  /** Whether the text may hold patient data. */
  phi: boolean
  /** Sent as it is instead of `system` and a prompt of ours; null: an ordinary task. */
  chat: Chat | null
  /** Where the agent is pinned, or what the task names, or what routing chose. */
  planned_model: string
  /** The models that may answer, the planned one first; null: the agent's. */
  models: readonly string[] | null
  /** Why this model; null where nothing was to be chosen. */
  routing: RoutingDecision | null
  gpu: number
}

/** A validated graph with everything that a run needs. All four kinds of planner give this type. */
export interface Plan {
  workflow_type: string
  layout: Layout
  tasks: readonly PlanTask[]
  graph: PlanGraph
  /** Peak number of tasks in flight when scheduled in unit times on the permits of the lanes. */
  lanes_used: number
  /** Distinct agents in plan order. */
  agents: readonly string[]
  /** Context values by key, each already delimited. */
  context: ReadonlyMap<string, string>
  /** Keys that no prompt names: handed to every task of a built-in workflow. */
  further_context: readonly string[]
  timeout_ms: number | null
  /** How a human approves the document; null: nobody has to. */
  approval: ApprovalPolicy | null
}

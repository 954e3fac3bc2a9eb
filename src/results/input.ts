/** What assembly needs to know of a task; a task of the plan fits. */
import type { RoutingDecision } from '../contract/routing.ts'

export interface TaskView {
  task_id: string
  agent_type: string
  planned_model: string
  /** Why this model; null where nothing was chosen. @default null */
  routing?: RoutingDecision | null
  /** Of the planned model. */
  gpu: number
  /** Effective: the higher of the task's and the request's. */
  priority: number
  dependencies: readonly string[]
}

export interface SectionView {
  heading: string
  style: 'title' | 'subsection' | 'none'
}

export interface LayoutView {
  title: string
  /** By task_id. A task that is not listed gets a subsection named after its id. */
  sections: Readonly<Record<string, SectionView>>
}

/** The graph by index in plan order. */
export interface GraphView {
  dependencies: readonly (readonly number[])[]
  /** Every task after its dependencies. */
  order: readonly number[]
}

/** What assembly needs to know of a plan. Structural, so that this room does not depend on the room that makes plans. */
export interface PlanView {
  workflow_type: string
  layout: LayoutView
  tasks: readonly TaskView[]
  graph: GraphView
  lanes_used: number
  agents: readonly string[]
}

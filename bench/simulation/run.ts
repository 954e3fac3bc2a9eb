import { type PlanGraph, upwardRanks } from '../../src/plan/graph.ts'

/** One lane of the simulated hospital. */
export interface SimLane {
  model: string
  gpu: number
  slots: number
}

export interface SimTask {
  /** Model id of its lane. */
  lane: string
  priority: number
  /** What it really takes, in ms. */
  duration: number
  /** What the service expects it to take, in ms. */
  expected: number
}

/** One run of the workload, as the lanes will meet it. */
export interface SimRun {
  /** In ms of virtual time. */
  arrival: number
  tenant: string
  /** What the run counts as when results are told apart: an urgency, or a scenario's own word. */
  label: string
  tasks: readonly SimTask[]
  graph: PlanGraph
  /** Per task, the longest remaining path of expected work, as run-context.ts makes it. */
  ranks: ArrayLike<number>
}

/** Adds ranks by expected work, as the service does when a run begins. */
export function withRanks(run: Omit<SimRun, 'ranks'>): SimRun {
  return {
    ...run,
    ranks: upwardRanks(
      run.graph,
      run.tasks.map(({ expected }) => expected),
    ),
  }
}

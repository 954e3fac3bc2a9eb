/** What planning knows of the lane that an agent is pinned to. */
export interface PinnedLane {
  model: string
  gpu: number
  /** As they are now: a server may turn out to have others. */
  readonly slots: number
  /** Cap on concurrent calls over all lanes of the GPU; Infinity when there is none. */
  gpu_max: number
}

/** The agent whose model is chosen for each task. No agent of a roster has its name. */
export const AUTO = 'auto'

/** Model id → its lane. */
export type ModelTable = ReadonlyMap<string, PinnedLane>

/** Agent name → the lane of its model. Made from the roster by the composition root. */
export type AgentTable = ReadonlyMap<string, PinnedLane>

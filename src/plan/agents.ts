/** What planning knows of the lane that an agent is pinned to. */
export interface PinnedLane {
  model: string
  gpu: number
  /** As they are now: a server may turn out to have others. */
  readonly slots: number
  /** Cap on concurrent calls over all lanes of the GPU; Infinity when there is none. */
  gpu_max: number
}

/** Agent name → the lane of its model. Made from the roster by the composition root. */
export type AgentTable = ReadonlyMap<string, PinnedLane>

import type { RosterView } from './contract/roster.ts'
import type { Roster } from './models/roster.ts'
import type { ModelServers } from './models/servers.ts'
import { roundMs } from './results/round.ts'
import type { GpuBudget } from './run/gpu-budget.ts'
import type { LanePort } from './run/lane-port.ts'

export interface RosterViewParts {
  roster: Roster
  gpus: ReadonlyMap<number, GpuBudget>
  lanes: ReadonlyMap<string, LanePort>
  servers: ModelServers
  /** How long a call that came now would wait for its permit, in ms; null while nothing is known of the server. */
  estimatedWaitMs: (model: string) => number | null
}

/** The roster with what is true now. */
export function viewRoster({ roster, gpus, lanes, servers, estimatedWaitMs }: RosterViewParts): RosterView {
  const agentsOf = (model: string): string[] =>
    [...roster.chains].filter(([, [pinned]]) => pinned.id === model).map(([agent]) => agent)
  return {
    gpus: [...roster.gpus.values()].map((gpu) => ({ ...gpu, busy: gpus.get(gpu.id)?.busy ?? 0 })),
    models: [...roster.models.values()].map(({ id, url, gpu, off = null }) => {
      const { slots, busy, queued } = lanes.get(id) as LanePort
      const wait_ms = estimatedWaitMs(id)
      const estimated_wait_ms = wait_ms === null ? null : roundMs(wait_ms)
      return { id, url, gpu, slots, busy, queued, off, estimated_wait_ms, ...servers.view(id), agents: agentsOf(id) }
    }),
    agents: Object.fromEntries(
      [...roster.chains].map(([agent, [pinned, ...fallbacks]]) => [
        agent,
        { model: pinned.id, fallbacks: fallbacks.map(({ id }) => id) },
      ]),
    ),
  }
}

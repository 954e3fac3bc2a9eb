import type { Model } from './models/port.ts'
import type { Roster } from './models/roster.ts'
import type { AgentTable, ModelTable, PinnedLane } from './plan/agents.ts'
import type { Replicas } from './queue/replicas.ts'
import { GpuBudget } from './run/gpu-budget.ts'
import { Lane } from './run/lane.ts'
import type { LanePort, LaneTable } from './run/lane-port.ts'
import { SharedLane } from './run/shared-lane.ts'

/** One lane per model and one budget per GPU. `replicas`: with whom the lanes are shared; null: with nobody. */
export function buildLanes(roster: Roster, agingMs: number, replicas: Replicas | null) {
  const gpus = new Map(
    [...roster.gpus.values()].map((gpu) => [
      gpu.id,
      new GpuBudget(gpu.id, gpu.max_concurrent ?? Number.POSITIVE_INFINITY),
    ]),
  )
  const lanes = new Map(
    [...roster.models.values()].map((model): [string, LanePort] => {
      const { id, url, slots } = model
      const budget = gpus.get(model.gpu) as GpuBudget
      const first = slots ?? 1
      if (replicas === null) return [id, new Lane(id, first, budget, agingMs)]
      const gpu = { id: budget.id, max: budget.capped ? budget.max : null }
      const permits = replicas.permitsOf({ url, served_model: model.served_model ?? id, slots: first, gpu })
      return [id, new SharedLane(id, first, budget, agingMs, permits)]
    }),
  )
  return { gpus, lanes }
}

const isAsked = ({ card }: Model): boolean => card?.kind !== 'embedding'

/** What planning knows of the lane of every model that can be asked. The slots are those of the lane at every moment: a server may turn out to have others. */
export function pinModels(roster: Roster, lanes: LaneTable): ModelTable {
  return new Map(
    [...roster.models.values()].filter(isAsked).map(({ id, gpu }) => {
      const lane = lanes.get(id) as LanePort
      const pinned = {
        model: id,
        gpu,
        gpu_max: lane.gpu.max,
        get slots() {
          return lane.slots
        },
      }
      return [id, pinned]
    }),
  )
}

export const pinAgents = (roster: Roster, models: ModelTable): AgentTable =>
  new Map([...roster.chains].map(([agent, [{ id }]]) => [agent, models.get(id) as PinnedLane]))

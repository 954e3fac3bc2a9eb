import type { RosterFile } from '../../src/contract/roster.ts'
import { BenchProcess } from '../process.ts'
import { AGENTS, type SiteSpec } from './site.ts'

/** A running service and its model servers, each in a process of its own. */
export interface Stand {
  service: BenchProcess
  stop: () => void
}

function rosterOf({ slots }: SiteSpec, ports: readonly number[]): RosterFile {
  const models = ports.map((port, lane) => ({
    id: `lane-${lane}`,
    url: `http://127.0.0.1:${port}/v1`,
    gpu: lane,
    slots,
  }))
  const agents = AGENTS.map((agent, index) => [agent, { model: `lane-${index % ports.length}`, fallbacks: [] }])
  return { gpus: models.map(({ gpu }) => ({ id: gpu })), models, agents: Object.fromEntries(agents) }
}

export async function startStand(site: SiteSpec, flags: readonly string[] = []): Promise<Stand> {
  const models = await BenchProcess.start('./load/model-servers.ts', [JSON.stringify(site)])
  const service = await BenchProcess.start('./load/service.ts', [JSON.stringify(rosterOf(site, models.ports))], flags)
  return {
    service,
    stop: () => {
      service.stop()
      models.stop()
    },
  }
}

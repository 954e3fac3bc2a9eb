import type { Service } from './contract/service.ts'
import type { Core } from './core.ts'
import type { Keeping } from './keeping.ts'
import { describeCatalogue } from './plan/describe.ts'

/** What routes may ask, answered by the core. `stopping` says whether the process is on its way out. */
export function createService(core: Core, { archive, health }: Keeping, stopping: () => boolean): Service {
  const workflows = describeCatalogue(core.catalogue)
  const types = { workflows, total_count: Object.keys(workflows).length }
  const created = Math.floor(Date.now() / 1000)
  const ids = [...core.roster.models.keys(), ...[...core.roster.chains.keys()].map((agent) => `agent:${agent}`), 'auto']
  const models = {
    object: 'list' as const,
    data: ids.map((id) => ({ id, object: 'model' as const, created, owned_by: 'consilium' })),
  }
  const { registry } = core.metrics
  return {
    execute: (request, options) => archive.execute(request, options),
    runs: archive,
    describeWorkflows: () => types,
    viewRoster: core.viewRoster,
    listModels: () => models,
    scrape: async () => ({ content_type: registry.contentType, text: await registry.metrics() }),
    readerDropped: () => core.metrics.readerDropped(),
    stopRuns: () => {
      archive.handOver()
      core.orchestrator.stop()
    },
    readiness: async () => {
      const reasons = [stopping() ? 'The service is shutting down.' : null, await health.reason()].filter(
        (reason) => reason !== null,
      )
      return {
        status: reasons.length > 0 ? 'not_ready' : 'ready',
        reasons,
        degraded: core
          .viewRoster()
          .models.filter((model) => model.reachable === false)
          .map((model) => model.id),
      }
    },
  }
}

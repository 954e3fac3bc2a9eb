import { isRouted } from './budget-left.ts'
import { createClarify, whoIsAsked } from './clarify.ts'
import type { AuditFacts } from './contract/audit.ts'
import type { ExecuteRequest } from './contract/execute.ts'
import type { ExecuteOptions, RunAnswer, RunCaller, RunEnd, Service } from './contract/service.ts'
import { documentsDesk } from './documents-desk.ts'
import { embeddingDesk } from './embedding-desk.ts'
import { Problem } from './errors.ts'
import { type HealthParts, healthOf } from './health-desk.ts'
import { memoryDesk } from './memory-desk.ts'
import { describeCatalogue } from './plan/describe.ts'
import { statsFor } from './stats-desk.ts'

/** The end of a run that somebody waits for. One that goes on without them can only be one that another process took over. */
function endOf(answer: RunAnswer): RunEnd {
  if (answer.kind === 'ended') return answer.end
  throw new Problem('not_ready', 'The service is shutting down.', { retryAfterS: 5 })
}

/** What routes may ask, answered by the core and what is kept. */
export function createService(parts: HealthParts): Service {
  const { core, keeping, stopping } = parts
  const { archive, health, audit } = keeping
  const workflows = describeCatalogue(core.catalogue)
  const types = { workflows, total_count: Object.keys(workflows).length }
  const created = Math.floor(Date.now() / 1000)
  const ids = [...core.roster.models.keys(), ...[...core.roster.chains.keys()].map((agent) => `agent:${agent}`), 'auto']
  const models = {
    object: 'list' as const,
    data: ids.map((id) => ({ id, object: 'model' as const, created, owned_by: 'consilium' })),
  }
  const { registry } = core.metrics
  const execute: Service['execute'] = async (request, options) => {
    if (!isRouted(request, core.catalogue)) return archive.execute(request, options)
    return archive.execute(request, { ...options, left_cost: await core.budgetLeft(options.caller) })
  }
  const executed = async (request: ExecuteRequest, options: ExecuteOptions) => endOf(await execute(request, options))
  const supervisor = core.supervising(executed)
  const { candidates } = core.router
  const clarify = createClarify({ ...core.clarifying, candidates, execute: executed })
  const note = (caller: RunCaller, action: string, object: string, outcome: string, facts: AuditFacts = {}) => {
    const { tenant, subject, request_id } = caller
    return audit.note(tenant, { actor: subject, action, object, outcome, details: { request_id, ...facts } })
  }
  return {
    execute,
    runs: archive,
    describeWorkflows: () => types,
    viewRoster: core.viewRoster,
    listModels: () => models,
    clarify,
    route: async (request, caller) => {
      const decision = core.router.preview(request, await core.budgetLeft(caller))
      const asked =
        request.task_type === undefined ? whoIsAsked({ ...core.clarifying, candidates }, request.task) : null
      if (asked === null) return decision
      const first = `POST /v1/tasks would ask ${asked} for the kind of this task first (CLASSIFY_BELOW), and may choose otherwise.`
      return { ...decision, reasoning: `${decision.reasoning} ${first}` }
    },
    health: () => healthOf(parts),
    stats: (caller) => statsFor(core, audit.store, caller),
    supervise: (request, options) => supervisor.supervise(request, options),
    describeTools: () => supervisor.describeTools(),
    ...memoryDesk(core.memories, core.askerOf, note),
    documents: documentsDesk(core.memories?.memory ?? null, note),
    embed: embeddingDesk(core.memories?.embedder ?? null, core.askerOf),
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

import type { ExecuteResponse, TaskResult } from '../contract/result.ts'
import type { Counts } from '../contract/stats.ts'

interface Sums {
  tasks: number
  succeeded: number
  tokens: number
  cost: number
  latency_ms: number
  /** Calls that `latency_ms` is the sum of. */
  answered: number
}

/** What one tenant's tasks came to. */
export interface TenantCounts {
  all: Counts
  by_type: Record<string, Counts>
  by_model: Record<string, Counts>
  cached: number
}

/** Tenants beyond it are not counted: their numbers in Prometheus remain. */
const MOST_TENANTS = 1000

const nothing = (): Sums => ({ tasks: 0, succeeded: 0, tokens: 0, cost: 0, latency_ms: 0, answered: 0 })

function add(sums: Sums, { success, tokens, cost = 0, latency_ms, cached = false }: TaskResult): void {
  sums.tasks++
  if (!cached) sums.tokens += tokens ?? 0
  sums.cost += cost
  if (!success) return
  sums.succeeded++
  if (cached) return
  sums.answered++
  sums.latency_ms += latency_ms
}

const countsOf = ({ tasks, succeeded, tokens, cost, latency_ms, answered }: Sums): Counts => ({
  tasks,
  succeeded,
  success_rate: tasks === 0 ? 0 : succeeded / tasks,
  tokens,
  cost,
  latency_ms: answered === 0 ? null : latency_ms / answered,
})

class TenantSums {
  readonly all = nothing()
  readonly types = new Map<string, Sums>()
  readonly models = new Map<string, Sums>()
  cached = 0

  add(result: TaskResult): void {
    add(this.all, result)
    if (result.cached) this.cached++
    if (result.routing) this.#under(this.types, result.routing.task_type, result)
    if (result.model !== null) this.#under(this.models, result.model, result)
  }

  #under(table: Map<string, Sums>, key: string, result: TaskResult): void {
    const sums = table.get(key) ?? nothing()
    table.set(key, sums)
    add(sums, result)
  }
}

const recordOf = (table: ReadonlyMap<string, Sums>) =>
  Object.fromEntries([...table].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, sums]) => [key, countsOf(sums)]))

/** What became of tasks since the start, for each tenant apart. Skipped tasks never ran and are not counted. */
export class TaskStats {
  readonly since = new Date().toISOString()
  readonly #tenants = new Map<string, TenantSums>()

  record(tenant: string, { results }: ExecuteResponse): void {
    const sums = this.#tenants.get(tenant) ?? new TenantSums()
    if (!this.#tenants.has(tenant)) {
      if (this.#tenants.size >= MOST_TENANTS) return
      this.#tenants.set(tenant, sums)
    }
    for (const result of results) if (result.status !== 'skipped') sums.add(result)
  }

  of(tenant: string): TenantCounts {
    const { all, types, models, cached } = this.#tenants.get(tenant) ?? new TenantSums()
    return { all: countsOf(all), by_type: recordOf(types), by_model: recordOf(models), cached }
  }
}

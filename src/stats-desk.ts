import type { RunCaller } from './contract/service.ts'
import type { Stats } from './contract/stats.ts'
import type { Core } from './core.ts'
import { dayOf, limitsOf } from './routing/budget/limits.ts'
import type { Store } from './store/port.ts'

const BILLION = 1_000_000_000

async function spendingOf({ roster }: Core, store: Store, caller: RunCaller): Promise<Stats['spending']> {
  const day = dayOf(Date.now())
  const { bounds } = limitsOf(roster.budgets, caller, day)
  if (bounds.length === 0) return []
  const rows = await store.spendingOn(caller.tenant, day)
  return bounds.map(({ account, limit }) => {
    const row = rows.find(({ caller: name }) => name === (account.caller ?? ''))
    return {
      account: account.caller === null ? 'tenant' : `caller:${account.caller}`,
      day,
      spent: (row?.spent ?? 0) / BILLION,
      set_aside: (row?.aside ?? 0) / BILLION,
      limit: limit / BILLION,
    }
  })
}

const NO_MEMORY = { available: false, documents: null, passages: null }

async function memoryOf({ memories }: Core, { tenant }: RunCaller): Promise<Stats['memory']> {
  if (memories === null) return { ...NO_MEMORY, reason: 'This process keeps nothing.' }
  if (memories.embedder === null) return { ...NO_MEMORY, reason: 'No model of the roster makes embeddings.' }
  try {
    const [memory, evidence] = await Promise.all([
      memories.memory.count(tenant, 'memory'),
      memories.memory.count(tenant, 'evidence'),
    ])
    const documents = memory.documents + evidence.documents
    return { available: true, reason: null, documents, passages: memory.passages + evidence.passages }
  } catch {
    // Why, stands in the log of the memory; the numbers are simply not to be had.
    return { ...NO_MEMORY, reason: 'The memory does not answer.' }
  }
}

/** What a tenant's tasks came to, what is left of its budgets, and what it keeps. */
export async function statsFor(core: Core, store: Store, caller: RunCaller): Promise<Stats> {
  const { all, by_type, by_model, cached } = core.stats.of(caller.tenant)
  const [spending, memory] = await Promise.all([spendingOf(core, store, caller), memoryOf(core, caller)])
  return { since: core.stats.since, tasks: all, by_type, by_model, cached, spending, memory }
}

import type { HealthPart, ServiceHealth } from './contract/health.ts'
import type { Core } from './core.ts'
import type { Keeping } from './keeping.ts'
import type { Replicas } from './queue/replicas.ts'
import { resolveCard } from './routing/cards/resolve.ts'

/** Longest wait for a memory to answer, in ms. */
const PATIENCE_MS = 2000

export interface HealthParts {
  core: Core
  keeping: Keeping
  /** Null: this replica is alone. */
  replicas: Replicas | null
  /** sqlite, postgresql or memory. */
  storeKind: string
  stopping: () => boolean
}

const part = (name: string, kind: string, needed: boolean, reason: string | null): HealthPart => ({
  name,
  kind,
  needed,
  ok: reason === null,
  reason,
})

async function memoryPart({ memories }: Core): Promise<HealthPart> {
  if (memories === null) return part('memory', 'none', false, 'This process keeps nothing.')
  const { embedder, memory, kind } = memories
  if (embedder === null) return part('memory', kind, false, 'No model of the roster makes embeddings.')
  const late = new Promise<string>((resolve) => {
    setTimeout(resolve, PATIENCE_MS, `It did not answer in ${PATIENCE_MS / 1000} s.`).unref()
  })
  const asked = memory.count('default', 'memory').then(
    () => null,
    () => 'It does not answer.',
  )
  return part('memory', kind, false, await Promise.race([asked, late]))
}

function queuePart(replicas: Replicas | null): HealthPart {
  if (replicas === null) return part('queue', 'none', false, null)
  const away = replicas.degraded ? 'Redis is away: lanes go by this replica’s share of the slots.' : null
  return part('queue', 'redis', false, away)
}

/** Asks everything now. An agent without any model that answers counts as something needed that is down. */
export async function healthOf({ core, keeping, replicas, storeKind, stopping }: HealthParts): Promise<ServiceHealth> {
  const [store, memory] = await Promise.all([keeping.health.reason(), memoryPart(core)])
  const view = core.viewRoster()
  const down = new Set(
    view.models.filter(({ reachable, off }) => reachable === false || off !== null).map(({ id }) => id),
  )
  const stranded = [...core.roster.chains].filter(([, chain]) => chain.every(({ id }) => down.has(id)))
  const agents = stranded.length === 0 ? null : `No model answers for ${stranded.map(([agent]) => agent).join(', ')}.`
  const parts = [
    part('service', 'http', true, stopping() ? 'It is shutting down.' : null),
    part('store', storeKind, true, store),
    part('agents', 'roster', true, agents),
    queuePart(replicas),
    memory,
  ]
  return {
    ok: parts.every(({ ok, needed }) => ok || !needed),
    parts,
    models: view.models.map(({ id, url, gpu, reachable, breaker, off, last_latency_ms, error_rate, agents: of }) => {
      const model = core.roster.models.get(id)
      const memory_gb = model === undefined ? null : resolveCard(model).memory_gb
      return { id, url, gpu, reachable, breaker, off, last_latency_ms, error_rate, memory_gb, agents: of }
    }),
  }
}

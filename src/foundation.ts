import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { MEMORY, openStore } from './archive/open.ts'
import type { Config } from './config.ts'
import { buildCore, type Core } from './core.ts'
import { fittingRoster } from './fitting-roster.ts'
import { buildKeeping, type Keeping } from './keeping.ts'
import { ledgerOf } from './ledger.ts'
import { buildMemories, openMemory } from './memories.ts'
import type { WorkflowDefinition } from './plan/workflow.ts'
import type { Replicas } from './queue/replicas.ts'
import { openReplicas } from './replicas.ts'

/** What the service stands on. */
export interface Foundation {
  core: Core
  keeping: Keeping
  /** Null: this process is alone. */
  replicas: Replicas | null
  /** sqlite, postgresql or memory. */
  storeKind: string
  /** Closes all of it again, for a service that will not start after all. Never rejects. */
  abandon: () => Promise<void>
}

const kindOf = ({ databaseUrl, dataDir }: Config['store']): string =>
  databaseUrl !== null ? 'postgresql' : dataDir === MEMORY ? 'memory' : 'sqlite'

/** Opens and builds it from below upwards. Throws a ConfigError; what was opened by then is closed again. */
export async function layFoundation(
  config: Config,
  workflows: readonly WorkflowDefinition[],
  log: Logger,
): Promise<Foundation> {
  const roster = fittingRoster(config, workflows)
  const owner = randomUUID()
  const opened: (() => Promise<unknown>)[] = []
  // Or the process would go on for the connections' sake. Why it cannot start is what counts.
  const abandon = async (): Promise<void> => {
    for (const close of opened) await close().catch(() => undefined)
  }
  try {
    const replicas = await openReplicas(config.store.redisUrl, owner, log)
    if (replicas !== null) opened.unshift(() => replicas.close())
    const store = await openStore(config.store, log)
    opened.unshift(() => store.close())
    const memory = await openMemory(config, store)
    const core = buildCore(config, workflows, log, {
      roster,
      replicas,
      ledger: ledgerOf(store),
      openMemories: (models, embedderFor) => buildMemories({ config, memory, models, embedderFor, log }),
    })
    opened.unshift(() => core.close())
    const keeping = await buildKeeping(config, core, log, { store, owner, replicas })
    return { core, keeping, replicas, storeKind: kindOf(config.store), abandon }
  } catch (error) {
    await abandon()
    throw error
  }
}

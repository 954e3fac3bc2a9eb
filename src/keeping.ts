import type { Logger } from 'pino'
import { Archive } from './archive/archive.ts'
import { StoreAuditDesk } from './archive/audit-desk.ts'
import { createRetention } from './archive/retention.ts'
import { type StoreHealth, watchStore } from './archive/store-health.ts'
import { WebhookDispatcher } from './archive/webhooks/dispatcher.ts'
import type { Config } from './config.ts'
import type { Core } from './core.ts'
import type { Replicas } from './queue/replicas.ts'
import type { Store } from './store/port.ts'
import { countedDecisions } from './telemetry/counted-decisions.ts'
import { measuredStore } from './telemetry/measured-store.ts'
import { createWebhookObserver } from './telemetry/webhook-observer.ts'
import { version } from './version.ts'

/** What is kept, and all that looks after it by itself. */
export interface Keeping {
  archive: Archive
  audit: StoreAuditDesk
  health: StoreHealth
  /** Takes up what an earlier process left, and begins to look after everything. */
  start: () => Promise<void>
  /** Resolves when everything is written and the store is closed. */
  stop: () => Promise<void>
}

/** Builds what rests on a store. */
export async function buildKeeping(
  config: Config,
  core: Core,
  log: Logger,
  { store: bare, owner, replicas }: { store: Store; owner: string; replicas: Replicas | null },
): Promise<Keeping> {
  const { metrics, orchestrator } = core
  const measured: Store = measuredStore(bare, metrics.store, (fault) => health.failed(fault))
  const health = watchStore({
    store: measured,
    onChange: (reason) => (reason === null ? log.info('the store answers again') : log.error({ reason }, 'store lost')),
  })
  const opened = countedDecisions(measured, metrics.approvals)
  metrics.approvals.ask(() => measured.waitingApprovals())
  const audit = new StoreAuditDesk({
    store: opened,
    headFile: config.store.auditHeadFile,
    headKey: config.store.auditHeadKey,
    watch: metrics.audit,
    log: (level, facts, message) => log[level](facts, message),
  })
  // With what it writes counted.
  const { store } = audit
  const webhooks =
    config.webhooks &&
    new WebhookDispatcher({ store, ...config.webhooks, ...createWebhookObserver(metrics.webhooks, log) })
  const archive = new Archive({
    store,
    orchestrator,
    log,
    journal: config.store.journal,
    exclusive: config.store.databaseUrl === null,
    owner,
    notices: replicas?.notices ?? null,
    owners: replicas?.members ?? null,
    webhookHosts: config.webhooks?.hosts ?? null,
    onEnded: () => webhooks?.wake(),
  })
  const { retentionDays: days } = config.store
  const retention = createRetention({
    store,
    memory: core.memories?.memory ?? null,
    days,
    now: Date.now,
    metrics: metrics.store,
    log,
  })
  return {
    archive,
    audit,
    health,
    start: async () => {
      // First of all: to entries of ours beside no file it would look as if somebody had taken the file away.
      await audit.seal()
      await audit.noteConfiguration(config, version)
      await archive.start()
      await audit.start()
      webhooks?.start()
      retention.start()
    },
    stop: async () => {
      await archive.stop()
      await webhooks?.stop()
      await retention.stop()
      await audit.stop()
      await store.close()
    },
  }
}

import { createHmac, randomBytes } from 'node:crypto'
import {
  type AuditAct,
  type AuditDesk,
  type AuditPage,
  type AuditPlace,
  type AuditVerdictView,
  SERVICE_CHAIN,
} from '../contract/audit.ts'
import type { AuditBundle } from '../contract/audit-event.ts'
import { safeError } from '../contract/safe-error.ts'
import type { Seal } from '../store/audit/seal.ts'
import type { Store } from '../store/port.ts'
import { auditBundle } from './audit-fhir.ts'
import { AuditInspector } from './audit-inspector.ts'
import { readPage, viewEntry } from './audit-page.ts'
import { type AuditLog, AuditSealer } from './audit-sealer.ts'
import { countAudit } from './audited-store.ts'
import { configurationHash } from './configuration-hash.ts'

/** What the metrics are told. */
export interface AuditWatch {
  /** This process has committed so many entries. */
  entries(count: number): void
  /** How many chains are known to be broken. */
  broken(chains: number): void
  sealFailed(): void
  noteFailed(): void
}

export interface AuditDeskOptions {
  store: Store
  /** `AUDIT_HEAD_FILE`; null: heads are signed nowhere. */
  headFile: string | null
  /** `AUDIT_HEAD_KEY`; needed with a file. */
  headKey: Uint8Array | string | null
  watch: AuditWatch
  log: AuditLog
  /** Epoch ms. @default Date.now */
  now?: () => number
  /** @default 1000 */
  sealEveryEntries?: number
  /** Milliseconds. @default 60000 */
  sealEveryMs?: number
  /** Milliseconds between two verifications of all chains. @default one day */
  verifyEveryMs?: number
}

const sealOf = (path: string | null, key: Uint8Array | string | null): Seal | null => {
  if (path === null) return null
  if (key === null) throw new Error('Signed audit heads need a key')
  return { path, key: typeof key === 'string' ? Buffer.from(key) : key }
}

/** The audit over a Store: notes, pages, verdicts, exports; seals the heads and looks after the chains by itself. */
export class StoreAuditDesk implements AuditDesk {
  /** The store, with what it writes counted: everybody who writes uses this one. */
  readonly store: Store
  readonly #options: AuditDeskOptions
  readonly #now: () => number
  readonly #sealer: AuditSealer | null
  readonly #inspector: AuditInspector
  /** Of addresses. Without a configured key one per process: hashes of bare addresses are soon all tried. */
  readonly #addressKey: Uint8Array

  constructor(options: AuditDeskOptions) {
    const { now = Date.now, log, watch, headFile, headKey } = options
    const seal = sealOf(headFile, headKey)
    this.#options = options
    this.#now = now
    this.#addressKey = seal?.key ?? randomBytes(32)
    this.store = countAudit(options.store, (count) => {
      watch.entries(count)
      this.#sealer?.written(count)
    })
    const { store } = this
    this.#inspector = new AuditInspector({
      store,
      seal,
      everyMs: options.verifyEveryMs,
      onBroken: (chains) => watch.broken(chains),
      log,
    })
    const onFailed = (broken: readonly string[]): void => {
      watch.sealFailed()
      this.#inspector.found(broken)
    }
    const { sealEveryEntries: everyEntries, sealEveryMs: everyMs } = options
    this.#sealer = seal && new AuditSealer({ store, seal, everyEntries, everyMs, now, onFailed, log })
  }

  /** Seals the heads and begins to verify all chains, now and every day. */
  async start(): Promise<void> {
    await this.#sealer?.start()
    this.#inspector.start()
  }

  /** Ends what goes on by itself and seals for the last time: after the last write, before the store is closed. */
  async stop(): Promise<void> {
    await this.#inspector.stop()
    await this.#sealer?.stop()
  }

  /** Seals the heads now. Without a file there is nothing to do. Never throws. */
  async seal(): Promise<void> {
    await this.#sealer?.seal()
  }

  async note(tenant: string, act: AuditAct): Promise<void> {
    try {
      await this.store.note(tenant, [{ ...act, at: this.#now() }])
    } catch (error) {
      this.#options.watch.noteFailed()
      this.#options.log('error', { failure: safeError(error) }, 'an audit entry could not be written')
      throw error
    }
  }

  noteStranger(address: string, act: Omit<AuditAct, 'actor'>): Promise<void> {
    const name = createHmac('sha256', this.#addressKey).update(`address ${address}`).digest('hex').slice(0, 32)
    return this.note(SERVICE_CHAIN, { ...act, actor: `address:${name}` })
  }

  /** With which settings this process works: their hash, never themselves. */
  noteConfiguration(config: object, version: string): Promise<void> {
    const details = { config_hash: configurationHash(config), version }
    const act = { actor: 'service', action: 'configuration.load', object: 'configuration', outcome: 'ok' }
    return this.note(SERVICE_CHAIN, { ...act, details })
  }

  async page(tenant: string, place: AuditPlace): Promise<AuditPage> {
    const { links, cursor } = await readPage(this.store, tenant, place)
    return { entries: links.map(viewEntry), next_cursor: cursor }
  }

  async export(tenant: string, place: AuditPlace): Promise<AuditBundle> {
    const { links, cursor } = await readPage(this.store, tenant, place)
    const next = { relation: 'next', url: `/v1/audit/export?limit=${place.limit}&cursor=${cursor}` }
    return auditBundle(links, cursor === null ? [] : [next], this.#now())
  }

  verify(tenant: string): Promise<AuditVerdictView> {
    return this.#inspector.verify(tenant)
  }
}

import { createHmac, randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
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
import { inspectAll, inspectChain } from './audit-inspection.ts'
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

const DAY_MS = 86_400_000
/** Between two slices of 2 to 4 ms of the verification that nobody waits for. */
const BACKGROUND_REST_MS = 10

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
  readonly #seal: Seal | null
  readonly #sealer: AuditSealer | null
  /** Of addresses. Without a configured key one per process: hashes of bare addresses are soon all tried. */
  readonly #addressKey: Uint8Array
  readonly #now: () => number
  readonly #broken = new Set<string>()
  readonly #next = new Map<string, Promise<AuditVerdictView>>()
  readonly #running = new Map<string, Promise<AuditVerdictView>>()
  readonly #stopped = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #background: Promise<void> = Promise.resolve()

  constructor(options: AuditDeskOptions) {
    const { now = Date.now, log, watch } = options
    this.#options = options
    this.#now = now
    this.#seal = sealOf(options.headFile, options.headKey)
    this.#addressKey = this.#seal?.key ?? randomBytes(32)
    this.store = countAudit(options.store, (count) => {
      watch.entries(count)
      this.#sealer?.written(count)
    })
    this.#sealer =
      this.#seal &&
      new AuditSealer({
        store: this.store,
        seal: this.#seal,
        now,
        log,
        everyEntries: options.sealEveryEntries,
        everyMs: options.sealEveryMs,
        onFailed: (broken) => {
          watch.sealFailed()
          for (const tenant of broken) this.#broken.add(tenant)
          watch.broken(this.#broken.size)
        },
      })
  }

  /** Seals the heads and begins to verify all chains, now and every day. */
  async start(): Promise<void> {
    await this.#sealer?.start()
    this.#verifyAll()
    this.#timer = setInterval(() => this.#verifyAll(), this.#options.verifyEveryMs ?? DAY_MS).unref()
  }

  /** Ends what goes on by itself and seals for the last time: after the last write, before the store is closed. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopped.abort()
    await this.#background
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
    const name = createHmac('sha256', this.#addressKey).update(address).digest('hex').slice(0, 32)
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
    const running = this.#running.get(tenant)
    if (running === undefined) return this.#verifyNow(tenant)
    // What was asked for later must see what was written later; all who wait share the one that comes next.
    const waiting = this.#next.get(tenant)
    if (waiting !== undefined) return waiting
    const next = running
      .catch(() => undefined)
      .then(() => {
        this.#next.delete(tenant)
        return this.#verifyNow(tenant)
      })
    this.#next.set(tenant, next)
    return next
  }

  #verifyNow(tenant: string): Promise<AuditVerdictView> {
    const verdict = this.#inspect(tenant).finally(() => this.#running.delete(tenant))
    this.#running.set(tenant, verdict)
    return verdict
  }

  async #inspect(tenant: string): Promise<AuditVerdictView> {
    const verdict = await inspectChain({ store: this.store, seal: this.#seal }, tenant)
    this.#judged(tenant, verdict)
    return verdict
  }

  #judged(tenant: string, { ok, entries, breaks }: AuditVerdictView): void {
    if (ok) this.#broken.delete(tenant)
    else {
      this.#broken.add(tenant)
      this.#options.log('error', { tenant, entries, breaks: breaks.length, first: breaks[0] }, 'audit chain broken')
    }
    this.#options.watch.broken(this.#broken.size)
  }

  #verifyAll(): void {
    this.#background = this.#background.then(async () => {
      const { signal } = this.#stopped
      const rest = () => pause(BACKGROUND_REST_MS, undefined, { signal })
      const { log } = this.#options
      try {
        let chains = 0
        for await (const { tenant, verdict } of inspectAll({ store: this.store, seal: this.#seal, rest })) {
          this.#judged(tenant, verdict)
          chains++
        }
        log('info', { chains, broken: this.#broken.size }, 'audit chains verified')
      } catch (error) {
        if (!signal.aborted) log('warn', { failure: safeError(error) }, 'audit chains could not be verified')
      }
    })
  }
}

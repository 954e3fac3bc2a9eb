import { setTimeout as pause } from 'node:timers/promises'
import type { AuditVerdictView } from '../contract/audit.ts'
import { safeError } from '../contract/safe-error.ts'
import type { Seal } from '../store/audit/seal.ts'
import type { Store } from '../store/port.ts'
import { inspectAll, inspectChain } from './audit-inspection.ts'
import type { AuditLog } from './audit-sealer.ts'

export interface InspectorOptions {
  store: Store
  seal: Seal | null
  /** Milliseconds between two verifications of all chains. @default one day */
  everyMs?: number | undefined
  /** Hears how many chains are known to be broken. */
  onBroken: (chains: number) => void
  log: AuditLog
}

const DAY_MS = 86_400_000
/** Between two slices of 2 to 4 ms of the verification that nobody waits for. */
const BACKGROUND_REST_MS = 10

/** Verifies chains, when asked and by itself, and remembers which are broken. */
export class AuditInspector {
  readonly #options: InspectorOptions
  readonly #broken = new Set<string>()
  readonly #running = new Map<string, Promise<AuditVerdictView>>()
  readonly #next = new Map<string, Promise<AuditVerdictView>>()
  readonly #stopped = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #background: Promise<void> = Promise.resolve()

  constructor(options: InspectorOptions) {
    this.#options = options
  }

  /** Begins to verify all chains, now and every day. */
  start(): void {
    this.#verifyAll()
    this.#timer = setInterval(() => this.#verifyAll(), this.#options.everyMs ?? DAY_MS).unref()
  }

  /** Ends what goes on by itself. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopped.abort()
    await this.#background
  }

  /** Somebody else has found these chains broken. */
  found(tenants: readonly string[]): void {
    for (const tenant of tenants) this.#broken.add(tenant)
    this.#options.onBroken(this.#broken.size)
  }

  /**
   * The verdict on a chain as it is when asked or later. One verification of a chain goes on at a time; all who ask
   * meanwhile share the one that comes next, for what was written before their question must be seen.
   */
  verify(tenant: string): Promise<AuditVerdictView> {
    const running = this.#running.get(tenant)
    if (running === undefined) return this.#verifyNow(tenant)
    const waiting = this.#next.get(tenant)
    if (waiting !== undefined) return waiting
    const verifyNext = () => {
      this.#next.delete(tenant)
      return this.#verifyNow(tenant)
    }
    const next = running.then(verifyNext, verifyNext)
    this.#next.set(tenant, next)
    return next
  }

  #verifyNow(tenant: string): Promise<AuditVerdictView> {
    const verdict = this.#inspect(tenant).finally(() => this.#running.delete(tenant))
    this.#running.set(tenant, verdict)
    return verdict
  }

  async #inspect(tenant: string): Promise<AuditVerdictView> {
    const verdict = await inspectChain(this.#options, tenant)
    this.#judged(tenant, verdict)
    return verdict
  }

  #judged(tenant: string, { ok, entries, breaks }: AuditVerdictView): void {
    const { log, onBroken } = this.#options
    if (ok) this.#broken.delete(tenant)
    else {
      this.#broken.add(tenant)
      log('error', { tenant, entries, breaks: breaks.length, first: breaks[0] }, 'audit chain broken')
    }
    onBroken(this.#broken.size)
  }

  #verifyAll(): void {
    this.#background = this.#background.then(async () => {
      const { store, seal, log } = this.#options
      const { signal } = this.#stopped
      try {
        const gone = new Set(this.#broken)
        let chains = 0
        const rest = () => pause(BACKGROUND_REST_MS, undefined, { signal })
        for await (const { tenant, verdict } of inspectAll({ store, seal, rest })) {
          this.#judged(tenant, verdict)
          gone.delete(tenant)
          chains++
        }
        for (const tenant of gone) this.#broken.delete(tenant)
        this.#options.onBroken(this.#broken.size)
        log('info', { chains, broken: this.#broken.size }, 'audit chains verified')
      } catch (error) {
        if (!signal.aborted) log('warn', { failure: safeError(error) }, 'audit chains could not be verified')
      }
    })
  }
}

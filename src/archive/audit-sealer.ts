import { SERVICE_CHAIN } from '../contract/audit.ts'
import { safeError } from '../contract/safe-error.ts'
import { readHeadFile } from '../store/audit/head-file.ts'
import { type Seal, sealHeads } from '../store/audit/seal.ts'
import type { Store } from '../store/port.ts'

/** Writes a line of the log. */
export type AuditLog = (level: 'info' | 'warn' | 'error', facts: object, message: string) => void

export interface SealerOptions {
  store: Store
  seal: Seal
  /** Entries of this process after which the heads are sealed. @default 1000 */
  everyEntries?: number | undefined
  /** Milliseconds after which they are sealed in any case. @default 60000 */
  everyMs?: number | undefined
  /** Epoch ms. */
  now: () => number
  /** Sealing did not work. `broken`: chains that no longer hold what was signed. The service goes on. */
  onFailed: (broken: readonly string[]) => void
  log: AuditLog
}

/** Signs the heads of all chains into the file outside of the database, often enough and never twice at once. */
export class AuditSealer {
  readonly #options: SealerOptions
  #unsealed = 0
  #timer: NodeJS.Timeout | undefined
  #sealing: Promise<void> | null = null
  #again = false
  /** False from when the file is missed until it is there: one that cannot be written is told of once. */
  #expectsFile = true

  constructor(options: SealerOptions) {
    this.#options = options
  }

  /** Seals for the first time. Never throws. */
  async start(): Promise<void> {
    await this.seal()
    this.#timer = setInterval(() => void this.seal(), this.#options.everyMs ?? 60_000).unref()
  }

  /** Seals for the last time, after everything that was written. Never throws. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.seal()
  }

  /** So many entries have been committed. */
  written(count: number): void {
    this.#unsealed += count
    if (this.#unsealed >= (this.#options.everyEntries ?? 1000) && this.#sealing === null) void this.seal()
  }

  /** Resolves once all that was committed before the call is sealed, or could not be. Never throws. */
  seal(): Promise<void> {
    this.#again = true
    this.#sealing ??= this.#drain().finally(() => {
      this.#sealing = null
    })
    return this.#sealing
  }

  async #drain(): Promise<void> {
    while (this.#again) {
      this.#again = false
      this.#unsealed = 0
      await this.#sealOnce()
    }
  }

  async #sealOnce(): Promise<void> {
    const { store, seal, now, onFailed, log } = this.#options
    // Sealing makes a file where there is none, and so would hide that somebody took it away.
    if (this.#expectsFile) await this.#noticeNewFile()
    try {
      const broken = await sealHeads(store, seal, now())
      this.#expectsFile = true
      if (broken.length === 0) return
      log('error', { tenants: broken }, 'audit chains do not continue what was signed: not sealed over')
      onFailed(broken)
    } catch (error) {
      log('error', { failure: safeError(error) }, 'audit heads could not be sealed')
      onFailed([])
    }
  }

  /** A file that cannot be read is there, and sealing tells of it. */
  async #isFileMissing(): Promise<boolean> {
    const { seal } = this.#options
    return readHeadFile(seal.path, seal.key).then(
      (signed) => signed === null,
      () => false,
    )
  }

  /** Entries but no file: the first start with one, or somebody took it away. Only a person can tell, so it is recorded. */
  async #noticeNewFile(): Promise<void> {
    const { store, now, log } = this.#options
    if (!(await this.#isFileMissing())) return
    try {
      const chains = Object.keys(await store.auditHeads()).length
      if (chains === 0) return
      this.#expectsFile = false
      log('warn', { chains }, 'there are audit chains but no file with their signed heads: a new one is begun')
      const what = { actor: 'service', action: 'audit.seal', object: 'head_file', outcome: 'begun anew' }
      await store.note(SERVICE_CHAIN, [{ at: now(), ...what, details: { chains } }])
    } catch (error) {
      log(
        'error',
        { failure: safeError(error) },
        'that the file with the signed heads is missing could not be recorded',
      )
    }
  }
}

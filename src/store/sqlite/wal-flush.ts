import { type FileHandle, open } from 'node:fs/promises'
import { StoreError } from '../errors.ts'

/** ms from the first commit that nobody waits for to its flush. */
const LATEST = 500

/**
 * Brings commits to the disk beside the event loop, which SQLite's own flush would hold up. Until then the operating
 * system has them: a killed process loses nothing, power loss does. Commits stand in the -wal until a checkpoint, which
 * flushes by itself. SQLite keeps no lock on that file that our closing it could drop.
 */
export class WalFlush {
  readonly #path: string
  #file: FileHandle | null = null
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> | null = null
  #isBroken = false

  constructor(path: string) {
    this.#path = path
  }

  /** False after a flush that failed, until one succeeds: then SQLite has to flush each commit, and meets the fault itself. */
  get works(): boolean {
    return !this.#isBroken
  }

  /** Within a second. */
  soon(): void {
    // Whoever writes hears of a failure: see `works`.
    this.#timer ??= setTimeout(() => void this.now().catch(() => undefined), LATEST).unref()
  }

  /** Resolves when everything committed so far is on the disk. Throws StoreError `unavailable`. */
  async now(): Promise<void> {
    // The one that is under way may have begun before the last commit.
    await this.#running?.catch(() => undefined)
    this.#running ??= this.#flush().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  /** As `now`, when anything may be missing on the disk. */
  async settled(): Promise<void> {
    if (this.#timer !== null || this.#running !== null) await this.now()
  }

  async close(): Promise<void> {
    this.#stop()
    await this.#running?.catch(() => undefined)
    await this.#file?.close()
    this.#stop()
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  async #flush(): Promise<void> {
    this.#stop()
    try {
      this.#file ??= await open(this.#path, 'r+')
      await this.#file.datasync()
      this.#isBroken = false
    } catch (cause) {
      this.#isBroken = true
      this.soon()
      const { code = 'no code' } = cause as NodeJS.ErrnoException
      throw new StoreError('unavailable', `The database cannot be flushed: ${code}`, { cause })
    }
  }
}

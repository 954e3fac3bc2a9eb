import type { Redis } from 'ioredis'
import { openRedis } from './redis-connection.ts'

/** Listens on channels, again after every reconnect. What was said meanwhile is lost. */
export class Subscriber {
  readonly #redis: Redis
  readonly #readers = new Map<string, (text: string) => void>()
  readonly #onReconnect: (() => void)[] = []
  readonly #ready = Promise.withResolvers<void>()

  constructor(url: string) {
    // A closed connection is made anew; what was missed meanwhile is asked for then.
    this.#redis = openRedis(url)
    this.#redis.on('message', (channel, text) => this.#readers.get(channel)?.(text))
    this.#redis.on('ready', () => void this.#subscribe())
  }

  /** Before the first turn of the event loop is over. */
  on(channel: string, read: (text: string) => void): void {
    this.#readers.set(channel, read)
  }

  /** Calls back when it listens, the first time and after every time it could not. */
  onListening(callback: () => void): void {
    this.#onReconnect.push(callback)
  }

  /** Resolves when it has listened for the first time. */
  get listening(): Promise<void> {
    return this.#ready.promise
  }

  close(): void {
    this.#redis.disconnect()
  }

  async #subscribe(): Promise<void> {
    try {
      await this.#redis.subscribe(...this.#readers.keys())
    } catch {
      // The connection went again, and will be ready again.
      return
    }
    this.#ready.resolve()
    for (const callback of this.#onReconnect) callback()
  }
}

import type { SilenceWatch } from './silence.ts'

/** Redis cannot be asked now. */
export class RedisAway extends Error {
  override readonly name = 'RedisAway'
}

/** Questions to Redis that have no answer yet. All of them are given up at once when Redis goes away. */
export class Asking {
  readonly #silence: SilenceWatch
  // Not one promise to race with: each race would hang on it for as long as Redis stays.
  readonly #open = new Set<(error: RedisAway) => void>()

  constructor(silence: SilenceWatch) {
    this.#silence = silence
  }

  /** Resolves or rejects as `working` does; rejects with RedisAway when that is given up before. */
  answerTo<T>(working: Promise<T>): Promise<T> {
    // One answer stands for all: whether anybody still waits for it, says nothing of the connection.
    const done = this.#silence.begin()
    return new Promise((resolve, reject) => {
      this.#open.add(reject)
      const ended = () => {
        done()
        this.#open.delete(reject)
      }
      working.finally(ended).then(resolve, reject)
    })
  }

  giveUp(): void {
    const open = [...this.#open]
    this.#open.clear()
    for (const reject of open) reject(new RedisAway('Redis went away'))
  }

  close(): void {
    this.giveUp()
    this.#silence.stop()
  }
}

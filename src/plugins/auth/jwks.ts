import { Problem } from '../../errors.ts'
import type { FetchKeys, KeySet } from './fetch-jwks.ts'
import type { VerifyKey } from './key.ts'

/** A set older than this is fetched anew while it still serves: so long a withdrawn key lives on at most. */
export const REFRESH_MS = 300_000
/** While the endpoint is down the last set serves for so long. */
export const STALE_MS = 3_600_000
/** Between two fetches that an unknown kid asks for: a flood of made-up kids must not reach the endpoint. */
export const COOLDOWN_MS = 10_000
/** After a failed fetch. */
export const RETRY_MS = 1000

export interface JwksOptions {
  fetchKeys: FetchKeys
  /** Milliseconds; only differences count. */
  now: () => number
  onFailure: (error: unknown) => void
}

const notReady = () =>
  new Problem('not_ready', 'The keys that tokens are checked with cannot be fetched now.', { retryAfterS: 5 })

/**
 * The keys of one JWKS endpoint. A token's kid picks one of them and nothing else in a token is looked at; fetches are
 * shared, rare and never per kid.
 */
export class Jwks {
  readonly #options: JwksOptions
  #keys: KeySet | null = null
  #loadedAt = 0
  #nextFetchAt = Number.NEGATIVE_INFINITY
  #failed = false
  #fetching: Promise<void> | null = null

  constructor(options: JwksOptions) {
    this.#options = options
  }

  /** The key named `kid`, or null when the set has none. Rejects with a `not_ready` problem when that cannot be said. */
  async find(kid: string): Promise<VerifyKey | null> {
    const now = this.#options.now()
    const age = now - this.#loadedAt
    const known = this.#keys !== null && age < STALE_MS ? this.#keys.get(kid) : undefined
    if (known !== undefined) {
      if (age >= REFRESH_MS && now >= this.#nextFetchAt) void this.#refresh()
      return known
    }
    if (this.#fetching !== null || now >= this.#nextFetchAt) await this.#refresh()
    if (this.#failed || this.#keys === null) throw notReady()
    return this.#keys.get(kid) ?? null
  }

  /** Never rejects: a failure is reported, remembered, and tried again after RETRY_MS. */
  #refresh(): Promise<void> {
    this.#fetching ??= this.#load().finally(() => {
      this.#fetching = null
    })
    return this.#fetching
  }

  async #load(): Promise<void> {
    const { fetchKeys, now, onFailure } = this.#options
    try {
      this.#keys = await fetchKeys()
      this.#loadedAt = now()
      this.#failed = false
      this.#nextFetchAt = now() + COOLDOWN_MS
    } catch (error) {
      this.#failed = true
      this.#nextFetchAt = now() + RETRY_MS
      onFailure(error)
    }
  }
}

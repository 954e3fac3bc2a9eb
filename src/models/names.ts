import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { createNameSources, type NameSources } from './name-sources.ts'

/** As `net.connect` asks for it. */
export type ModelLookup = LookupFunction

/** Takes what happened to the name of a model server: its host and a code of the resolver's. Said once each time. */
export type NameLog = (finding: {
  host: string
  finding: 'name_unresolved' | 'name_stale' | 'name_resolved'
  code?: string
}) => void

export interface NamesOptions {
  log: NameLog
  /** @default this machine's hosts file, DNS and system resolver */
  sources?: NameSources
  /** How long a caller waits for a refresh before the last known address serves, in ms. @default 500 */
  stale_wait_ms?: number
  /** How long one search may take before its callers are told that it failed, in ms. @default 5000 */
  search_ms?: number
  /** Pause after a failed search before the next, in ms. @default 1000 */
  retry_ms?: number
}

/** Whoever runs an address longer than this is asked again: a server may have moved. */
const MAX_TTL_MS = 60_000
/** A record that may not be kept at all is kept for this long: a burst of connections is one question. */
const MIN_TTL_MS = 1000
/** How long the last known addresses serve while nobody answers. */
const STALE_MS = 3_600_000

interface Entry {
  addresses: readonly LookupAddress[]
  error: NodeJS.ErrnoException | null
  /** On the clock of performance.now(): when to ask again, and when the addresses were last confirmed. */
  dueAt: number
  confirmedAt: number
  search: Promise<void> | null
}

const failed = (host: string, code: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${code} ${host}`), { code, hostname: host })

/** Settles after `ms` at the latest. */
async function within(ms: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false).unref()
  })
  const inTime = await Promise.race([work.then(() => true), late])
  clearTimeout(timer)
  return inTime
}

/**
 * Addresses of model servers by name. One search per name at a time, kept as long as its record says (1 to 60 s); when names
 * cannot be resolved, the last known addresses serve for an hour. Addresses in URLs never come here.
 */
export class Names {
  readonly #options: Required<Omit<NamesOptions, 'log' | 'sources'>>
  readonly #log: NameLog
  readonly #sources: NameSources
  readonly #entries = new Map<string, Entry>()

  constructor({ log, sources = createNameSources(), ...options }: NamesOptions) {
    this.#log = log
    this.#sources = sources
    this.#options = { stale_wait_ms: 500, search_ms: 5000, retry_ms: 1000, ...options }
  }

  readonly lookup: ModelLookup = (hostname, options, callback) => {
    void this.resolve(hostname).then(
      (all) => {
        const family = { IPv4: 4, IPv6: 6 }[options.family as string] ?? options.family ?? 0
        const fitting = all.filter((one) => family === 0 || one.family === family)
        const [first] = fitting
        if (first === undefined) callback(failed(hostname, 'ENOTFOUND'), '')
        else if (options.all) callback(null, fitting)
        else callback(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    )
  }

  /** Ends the searches. */
  close(): void {
    this.#sources.close()
  }

  /** Addresses of a name, never none; rejects with the resolver's code within `search_ms`. */
  async resolve(host: string): Promise<readonly LookupAddress[]> {
    const entry = this.#entries.get(host) ?? { addresses: [], error: null, dueAt: 0, confirmedAt: 0, search: null }
    this.#entries.set(host, entry)
    if (performance.now() >= entry.dueAt) {
      entry.search ??= this.#search(host, entry)
      const known = entry.addresses.length > 0
      const { stale_wait_ms, search_ms } = this.#options
      if (!(await within(known ? stale_wait_ms : search_ms, entry.search))) this.#fail(host, entry, 'ETIMEOUT')
    }
    const fresh = entry.error === null || performance.now() - entry.confirmedAt < STALE_MS
    if (entry.addresses.length > 0 && fresh) return entry.addresses
    throw entry.error ?? failed(host, 'ENOTFOUND')
  }

  async #search(host: string, entry: Entry): Promise<void> {
    try {
      const { addresses, ttl_ms } = await this.#sources.find(host)
      entry.addresses = addresses
      entry.confirmedAt = performance.now()
      entry.dueAt = entry.confirmedAt + Math.min(MAX_TTL_MS, Math.max(MIN_TTL_MS, ttl_ms))
      if (entry.error !== null) this.#log({ host, finding: 'name_resolved' })
      entry.error = null
    } catch (error) {
      this.#fail(host, entry, (error as NodeJS.ErrnoException).code ?? 'ENOTFOUND')
    } finally {
      entry.search = null
    }
  }

  #fail(host: string, entry: Entry, code: string): void {
    const finding = entry.addresses.length > 0 ? 'name_stale' : 'name_unresolved'
    if (entry.error === null) this.#log({ host, finding, code })
    entry.error = failed(host, code)
    entry.dueAt = performance.now() + this.#options.retry_ms
  }
}

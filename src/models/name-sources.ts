import type { LookupAddress } from 'node:dns'
import { lookup, Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'

export interface Found {
  addresses: LookupAddress[]
  ttl_ms: number
}

/** Where addresses come from. `find` rejects with a resolver's code. */
export interface NameSources {
  find: (host: string) => Promise<Found>
  close: () => void
}

export interface SourceParts {
  resolver: Pick<Resolver, 'resolve4' | 'resolve6' | 'cancel'>
  /** The operating system's resolver, which works on libuv's thread pool. */
  system: (host: string) => Promise<LookupAddress[]>
  hosts_file: string
}

/** The system tells no time to live. */
const SYSTEM_TTL_MS = 30_000
const NO_RECORD = new Set(['ENODATA', 'ENOTFOUND'])

const HOSTS_FILE = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts'

const standard = (): SourceParts => ({
  resolver: new Resolver({ timeout: 1000, tries: 2 }),
  system: (host) => lookup(host, { all: true }),
  hosts_file: HOSTS_FILE,
})

/** One name after the other: while a name server hangs, at most one of the pool's threads waits for it. */
function oneAtATime(system: SourceParts['system']): SourceParts['system'] {
  const running = new Map<string, Promise<LookupAddress[]>>()
  let last: Promise<unknown> = Promise.resolve()
  return (host) => {
    const known = running.get(host)
    if (known) return known
    const mine = last.then(() => system(host)).finally(() => running.delete(host))
    last = mine.catch(() => undefined)
    running.set(host, mine)
    return mine
  }
}

/**
 * Finds a name where this machine would: the hosts file first, as it has the last word everywhere; then DNS by c-ares, which
 * tells times to live and needs no thread; and what DNS does not know, or cannot be asked, the system's resolver, which also
 * knows search domains, mDNS and whatever else is set up.
 */
export function createNameSources(given: Partial<SourceParts> = {}): NameSources {
  const { resolver, system, hosts_file } = { ...standard(), ...given }
  const ask = oneAtATime(system)

  const isListed = async (host: string): Promise<boolean> => {
    if (host === 'localhost') return true
    // A machine without the file is no fault.
    const text = await readFile(hosts_file, 'utf8').catch(() => '')
    return text
      .toLowerCase()
      .split('\n')
      .some((line) => (line.split('#', 1)[0] as string).trim().split(/\s+/).slice(1).includes(host))
  }

  async function query(host: string): Promise<Found | null> {
    const answers = await Promise.allSettled([
      resolver.resolve4(host, { ttl: true }),
      resolver.resolve6(host, { ttl: true }),
    ])
    const records = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    const addresses = records.flatMap((list, at) =>
      list.map(({ address }) => ({ address, family: at === 0 ? 4 : 6 }) as LookupAddress),
    )
    if (addresses.length > 0) return { addresses, ttl_ms: 1000 * Math.min(...records.flat().map(({ ttl }) => ttl)) }
    const fault = answers.find((answer) => answer.status === 'rejected' && !NO_RECORD.has(answer.reason.code))
    if (fault?.status === 'rejected') throw fault.reason
    return null
  }

  async function find(host: string): Promise<Found> {
    if (await isListed(host)) return { addresses: await system(host), ttl_ms: SYSTEM_TTL_MS }
    let fault: unknown = null
    try {
      const found = await query(host)
      if (found !== null) return found
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECANCELLED') throw error
      fault = error
    }
    try {
      return { addresses: await ask(host), ttl_ms: SYSTEM_TTL_MS }
    } catch (error) {
      // What DNS said tells more than that the system found nothing either.
      throw fault ?? error
    }
  }

  return { find, close: () => resolver.cancel() }
}

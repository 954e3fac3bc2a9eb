import { entry } from './entry.ts'
import { HIGHEST_PRIORITY } from './policy.ts'

/** Expected work in ms by priority, 0 to 5. */
type Load = number[]

/** One tenant's work in one lane. */
interface Share {
  owed: Load
  /** What was done lately; it fades. */
  done: Load
  /** When `done` was brought up to date, on the clock of performance.now(). */
  at: number
}

/** After so long, work done counts about a third: long enough for some calls, short enough to forget an overload soon. */
const FADING_MS = 5000
/** However much higher classes take, aging lets the others have some. */
const LEAST_SHARE = 0.1

const noTenants = () => new Map<string, Share>()
const noLoad = (): Load => new Array(HIGHEST_PRIORITY + 1).fill(0)
const noShare = (): Share => ({ owed: noLoad(), done: noLoad(), at: performance.now() })

const atLeast = (load: Load, priority: number): number => {
  let sum = 0
  for (let at = priority; at <= HIGHEST_PRIORITY; at++) sum += load[at] as number
  return sum
}

/** What higher classes have left lately of a tenant's turns: a share of 1. */
function shareLeft(done: Load, priority: number): number {
  const all = atLeast(done, 0)
  return all === 0 ? 1 : Math.max(LEAST_SHARE, 1 - atLeast(done, priority + 1) / all)
}

/**
 * The work that admitted runs still owe each lane, by tenant and priority: also that of tasks which wait for others
 * and stand in no queue yet. What admission looks at.
 */
export class Backlog {
  readonly #lanes = new Map<string, Map<string, Share>>()

  add(model: string, tenant: string, priority: number, work_ms: number): void {
    const { owed } = entry(entry(this.#lanes, model, noTenants), tenant, noShare)
    owed[priority] = (owed[priority] as number) + work_ms
  }

  /** Takes back what `add` was told with the same words. */
  remove(model: string, tenant: string, priority: number, work_ms: number): void {
    const tenants = this.#lanes.get(model)
    const owed = tenants?.get(tenant)?.owed
    if (tenants === undefined || owed === undefined) return
    owed[priority] = (owed[priority] as number) - work_ms
    // Sums of fractions leave crumbs; a tenant without work must not stay for ever.
    if (atLeast(owed, 0) < 1e-6) tenants.delete(tenant)
  }

  /** Some of what is owed was done. Before `remove`. */
  done(model: string, tenant: string, priority: number, work_ms: number): void {
    const share = this.#lanes.get(model)?.get(tenant)
    if (share === undefined) return
    const now = performance.now()
    const left = Math.exp((share.at - now) / FADING_MS)
    const { done } = share
    for (let at = 0; at < done.length; at++) done[at] = (done[at] as number) * left
    done[priority] = (done[priority] as number) + work_ms
    share.at = now
  }

  /**
   * Expected work in ms that goes before a new call of `work_ms`: the tenant's own of its class and above, also what will come of
   * higher classes meanwhile if it goes on as lately, and of every other tenant's as much as gets served in turns with it.
   */
  ahead(model: string, tenant: string, priority: number, work_ms: number): number {
    const tenants = this.#lanes.get(model)
    if (tenants === undefined) return 0
    const own = tenants.get(tenant)
    const before = own === undefined ? 0 : atLeast(own.owed, priority) / shareLeft(own.done, priority)
    let sum = before
    for (const [other, { owed }] of tenants) if (other !== tenant) sum += Math.min(atLeast(owed, 0), before + work_ms)
    return sum
  }

  /** All expected work in ms that a lane has before it. */
  total(model: string): number {
    let sum = 0
    for (const { owed } of this.#lanes.get(model)?.values() ?? []) sum += atLeast(owed, 0)
    return sum
  }
}

import type { Bound, RosterBudgets } from '../../contract/budget.ts'

/** Billionths of a US dollar in one. */
export const BILLION = 1_000_000_000

/** In whole billionths, upwards: what is set aside is never less than what it is for. */
export const billionths = (dollars: number): number => Math.ceil(dollars * BILLION)

export const dayOf = (epoch_ms: number): string => new Date(epoch_ms).toISOString().slice(0, 10)

export interface Limits {
  /** US dollars; Infinity: no bound. */
  per_run: number
  bounds: readonly Bound[]
}

/** What binds a caller on a day. */
export function limitsOf(
  { tenants = {}, ...common }: RosterBudgets,
  { tenant, subject }: { tenant: string; subject: string },
  day: string,
): Limits {
  const own = Object.hasOwn(tenants, tenant) ? tenants[tenant] : undefined
  const { per_run = Number.POSITIVE_INFINITY, per_caller_day, per_tenant_day } = { ...common, ...own }
  const bounds: Bound[] = []
  const bind = (caller: string | null, dollars: number | undefined) => {
    if (dollars !== undefined) bounds.push({ account: { tenant, caller, day }, limit: Math.floor(dollars * BILLION) })
  }
  // Always in this order: who locks one account after the other meets nobody who does it the other way round.
  bind(null, per_tenant_day)
  bind(subject, per_caller_day)
  return { per_run, bounds }
}

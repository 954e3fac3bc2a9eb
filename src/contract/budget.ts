import { z } from 'zod'
import { must, number } from './must.ts'
import { isTenant } from './tenant.ts'

const dollars = number(0, 1_000_000)

const limits = {
  per_run: dollars.optional().describe('US dollars that one run may cost'),
  per_caller_day: dollars.optional().describe('US dollars that one caller may spend a day (UTC)'),
  per_tenant_day: dollars.optional().describe('US dollars that all callers of a tenant together may spend a day (UTC)'),
}

const NO_TENANT = 'is no name that a tenant can have: 1–64 characters of A–Z a–z 0–9 . _ -, the first a letter or digit'
const BUDGETS = 'an object with per_run, per_caller_day or per_tenant_day'

/** Of the roster file: what may be spent on models that have a price. What is left out is not bounded. */
export const RosterBudgets = z.strictObject(
  {
    ...limits,
    tenants: z
      .record(z.string(), z.strictObject(limits, must(BUDGETS)), must('an object: tenant → its limits'))
      .superRefine((tenants, issues) => {
        // Limits of a name that no token can have would bind nobody, and nobody would see it.
        for (const name of Object.keys(tenants))
          if (!isTenant(name)) issues.addIssue({ code: 'custom', path: [name], message: NO_TENANT })
      })
      .optional()
      .describe('Limits of single tenants, in place of those above, one by one'),
  },
  must(BUDGETS),
)

export type RosterBudgets = z.output<typeof RosterBudgets>

/** Who spends: one account of a day. */
export interface Account {
  tenant: string
  /** Null: the tenant's own, for all of its callers. */
  caller: string | null
  /** UTC, as 2026-11-21. */
  day: string
}

/** A bound on an account, in whole billionths of a US dollar: sums of fractions would drift. */
export interface Bound {
  account: Account
  limit: number
}

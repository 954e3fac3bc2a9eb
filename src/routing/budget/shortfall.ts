import type { Unpayable } from './port.ts'

/** Why nothing was set aside for a call. Amounts in US dollars. */
export type Shortfall =
  /** `task`, `request`: what it allows itself (max_cost); `run`: what the roster allows any run. */
  | { account: 'task' | 'request' | 'run'; worst: number; limit: number }
  /** `day`: the UTC day whose account has not so much left; null: it is more than any day allows. */
  | { account: 'caller' | 'tenant'; worst: number; limit: number; day: string | null }
  /** `unknown`: the ledger could not be asked; `taken`: others took the rest at that moment. */
  | { account: 'unknown' | 'taken'; worst: number }

const DAY_MS = 86_400_000

/** In full, to a billionth: no exponent. */
const dollars = (amount: number): string => amount.toFixed(9).replace(/\.?0+$/, '')

const OF_ITS_OWN = {
  task: 'this task may cost (max_cost)',
  request: 'this request may cost (max_cost)',
  run: 'one run may cost (per_run)',
} as const

const OF_A_DAY = {
  caller: 'this caller may spend (per_caller_day)',
  tenant: 'this tenant may spend (per_tenant_day)',
} as const

const midnightAfter = (day: string): string => new Date(Date.parse(day) + DAY_MS).toISOString()

/** Why a call was not sent, for whoever asked for it, and when there is money again, where that is known. */
export function shortfallText(why: Shortfall): Unpayable {
  const call = `The call could cost up to ${dollars(why.worst)} US dollars`
  switch (why.account) {
    case 'task':
    case 'request':
    case 'run':
      return { message: `${call}, more than is left of the ${dollars(why.limit)} that ${OF_ITS_OWN[why.account]}.` }
    case 'caller':
    case 'tenant': {
      const limit = `the ${dollars(why.limit)} that ${OF_A_DAY[why.account]}`
      if (why.day === null) return { message: `${call}, more than ${limit} on any day.` }
      const free_at = midnightAfter(why.day)
      return {
        message: `${call}, more than is left of ${limit} on ${why.day}. It is free again at ${free_at}.`,
        free_at,
      }
    }
    case 'taken':
      return { message: `${call}, more than was left of today's budget at that moment: other calls held it.` }
    case 'unknown':
      return { message: `${call}, and nobody could say what is left of the budget: the store does not answer.` }
  }
}

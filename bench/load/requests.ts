import type { ExecuteInput } from '../../src/contract/execute.ts'
import { signToken } from '../../src/token.ts'
import { BENCH_SECRET } from '../secret.ts'
import { createRandom, exponential, pick } from '../simulation/random.ts'
import type { Shot } from './generator.ts'

/** A request as it is offered again and again. */
export interface Offer {
  body: string
  calls: number
}

const STAY = {
  patient_data:
    'A 67-year-old woman was admitted with three days of worsening breathlessness and leg swelling. BNP 1240 pg/mL, creatinine 1.4 mg/dL. '.repeat(
      15,
    ),
  admission_date: '2026-03-02',
  discharge_date: '2026-03-06',
}

const task = (task_id: string, agent_type: string, dependencies: string[] = []) => ({
  task_id,
  agent_type,
  prompt: `Summarise for ${task_id}.\n{{context.patient_data}}`,
  dependencies,
})
const custom = (custom_tasks: ExecuteInput['custom_tasks']): ExecuteInput => ({
  workflow_type: 'custom',
  context: STAY,
  custom_tasks,
})
const offer = (calls: number, request: ExecuteInput, more: Partial<ExecuteInput>): Offer => ({
  calls,
  body: JSON.stringify({ ...request, ...more }),
})

/**
 * Discharge summaries (two tasks at once), chains of two and single tasks, a third each, on a Clinical and a Billing lane
 * that get the same work. What `more` adds (deadline, priority) is the same for all.
 */
export function mixedOffers(more: Partial<ExecuteInput>): readonly (readonly [Offer, number])[] {
  const discharge = { workflow_type: 'discharge_summary', context: STAY }
  return [
    [offer(2, discharge, more), 2],
    [offer(2, custom([task('note', 'Clinical'), task('codes', 'Billing', ['note'])]), more), 1],
    [offer(2, custom([task('codes', 'Billing'), task('letter', 'Clinical', ['codes'])]), more), 1],
    [offer(1, custom([task('note', 'Clinical')]), more), 1],
    [offer(1, custom([task('codes', 'Billing')]), more), 1],
  ]
}

/** Calls of a request of the mix, on the mean. */
export const MEAN_CALLS = 5 / 3

export const authorizationOf = (tenant: string): string =>
  `Bearer ${signToken(BENCH_SECRET, { subject: 'bench', tenant, expiresInS: 3600 })}`

export interface Arrivals {
  label: string
  tenant: string
  /** Requests per second; they come as a Poisson process. */
  rate: number
  /** What is asked for, and how often each. */
  offers: readonly (readonly [Offer, number])[]
  /** In ms. */
  from: number
  to: number
}

/** What comes in from all of these, in the order of time, drawn before anything is sent. */
export function schedule(seed: number, arrivals: readonly Arrivals[]): Shot[] {
  const shots = arrivals.flatMap(({ label, tenant, rate, offers, from, to }, index) => {
    // Each has its own numbers: what one sends does not change when others come.
    const random = createRandom(seed * 1000 + index)
    const authorization = authorizationOf(tenant)
    const made: Shot[] = []
    for (let at = from + exponential(random, 1000 / rate); at < to; at += exponential(random, 1000 / rate))
      made.push({ at, label, authorization, ...pick(random, offers) })
    return made
  })
  return shots.toSorted((a, b) => a.at - b.at)
}

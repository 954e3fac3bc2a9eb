import type { ExecuteInput } from '../../src/contract/execute.ts'
import type { Chance } from './chance.ts'
import { markOf } from './models.ts'

/** How a client asks: with a key it asks until it has its answer, without one it asks once. */
export type Manner = 'async' | 'async_keyed' | 'sync' | 'sync_keyed'

const MANNERS: readonly Manner[] = ['async', 'async', 'async_keyed', 'async_keyed', 'sync_keyed', 'sync']
const AGENTS = ['Clinical', 'MedicalQA', 'Billing', 'Triage', 'Chat'] as const

export const mannerOf = (chance: Chance): Manner => chance.pick(MANNERS)

/** A run of one to five tasks, some behind others. */
export function requestOf(chance: Chance, id: string): ExecuteInput {
  const names = Array.from({ length: chance.between(1, 5) }, (_, index) => `t${index + 1}`)
  return {
    workflow_type: 'custom',
    custom_tasks: names.map((task_id, index) => ({
      task_id,
      agent_type: chance.pick(AGENTS),
      prompt: `${markOf(id, task_id)} Write.`,
      dependencies: index > 0 && chance.happens(0.5) ? [chance.pick(names.slice(0, index))] : [],
    })),
  }
}

import type { RosterRouting } from '../../contract/routing.ts'
import { TASK_TYPES } from '../../contract/task-type.ts'
import type { TrainingLine } from './line.ts'
import { standings } from './standings.ts'

/** A model counts from so many decisions on, and when it is proven to succeed more often than not. */
const FEWEST = 5
const PROVEN = 0.5
/** A rule lifts the first three in steps worth naming. */
const MOST_MODELS = 3

/** `routing` for the roster file: per type of task the models that did best. Types without such a model are left out. */
export function rulesFrom(lines: readonly TrainingLine[]): Required<Pick<RosterRouting, 'rules'>> {
  const ranked = standings(lines)
  const rules: RosterRouting['rules'] = {}
  for (const type of TASK_TYPES) {
    const good = (ranked.get(type) ?? []).filter(({ count, proven }) => count >= FEWEST && proven >= PROVEN)
    if (good.length > 0) rules[type] = { prefer_models: good.slice(0, MOST_MODELS).map(({ model }) => model) }
  }
  return { rules }
}

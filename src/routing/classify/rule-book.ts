import type { TaskType } from '../../contract/task-type.ts'

/** The words and rules of one language, as data. */
export interface RuleBook {
  /** Class → its words. Classes of the same name in two languages are one. */
  readonly words: Readonly<Record<string, string>>
  readonly rules: Readonly<Record<TaskType, readonly (readonly [weight: number, pattern: string])[]>>
}

import type { PlanTask } from '../plan/plan.ts'
import type { Backlog } from './backlog.ts'

/** What one run owes the lanes, from its admission until each of its tasks has ended. */
export class RunLoad {
  readonly #backlog: Backlog
  readonly #tenant: string
  readonly #tasks: readonly PlanTask[]
  readonly #works: ArrayLike<number>
  /** Where each task's work stands; null when it has ended. */
  readonly #models: (string | null)[]

  /** `works`: expected work of each task in ms; `placeOf`: the model that will probably do it. */
  constructor(
    backlog: Backlog,
    tenant: string,
    tasks: readonly PlanTask[],
    works: ArrayLike<number>,
    placeOf: (task: PlanTask) => string,
  ) {
    this.#backlog = backlog
    this.#tenant = tenant
    this.#tasks = tasks
    this.#works = works
    this.#models = tasks.map(placeOf)
    for (const { index, priority } of tasks)
      backlog.add(this.#models[index] as string, tenant, priority, works[index] as number)
  }

  /** The task goes to a fallback: its work waits there now. Of a task that has ended nothing comes back. */
  move(index: number, model: string): void {
    if (this.#models[index] === null) return
    this.#take(index)
    this.#models[index] = model
    this.#backlog.add(model, this.#tenant, this.#priority(index), this.#works[index] as number)
  }

  /** The task was answered. Before `end`. */
  worked(index: number): void {
    const model = this.#models[index]
    if (typeof model === 'string')
      this.#backlog.done(model, this.#tenant, this.#priority(index), this.#works[index] as number)
  }

  /** The task has ended, however it did. */
  end(index: number): void {
    this.#take(index)
    this.#models[index] = null
  }

  #take(index: number): void {
    const model = this.#models[index]
    if (model !== null && model !== undefined)
      this.#backlog.remove(model, this.#tenant, this.#priority(index), this.#works[index] as number)
  }

  #priority(index: number): number {
    return (this.#tasks[index] as PlanTask).priority
  }
}

import { askedIn } from '../contract/asked.ts'
import type { ChatMessage } from '../contract/chat.ts'
import type { Outcome } from '../contract/outcome.ts'
import type { RouteWishes, RoutingDecision } from '../contract/routing.ts'
import type { TaskType } from '../contract/task-type.ts'
import type { ModelTable, PinnedLane } from './agents.ts'
import type { CompiledTasks } from './compile.ts'
import type { PlanTask } from './plan.ts'
import { createWidth } from './width.ts'

/** A task that waits for a model to be chosen. */
export interface RoutingQuestion extends RouteWishes {
  /** What the task asks for: its prompt without the values that go into it, or the last words of a conversation's user. */
  text: string
  /** Characters of everything that will be sent, as far as it is known. */
  chars: number
  max_tokens: number
  /** Where it is known; null: it is to be found out. */
  task_type: TaskType | null
  /** Whose word that is. @default caller */
  task_type_by?: 'caller' | 'small_model'
  /** US dollars that the run and the caller's accounts have left; null: no bound. @default null */
  left_cost?: number | null
}

export interface Routed {
  /** The chosen model, then those to fall back on. */
  models: readonly [string, ...string[]]
  decision: RoutingDecision
}

/** Chooses models for a task. Throws a Problem (`no_model`; `models_away` where that may pass) when none may serve it. */
export type Route = (question: RoutingQuestion) => Routed

/** What a caller says of the choice, of what there is to say. */
type Said = { [K in keyof RouteWishes]?: RouteWishes[K] | undefined } & {
  task_type?: TaskType | undefined
  task_type_by?: RoutingQuestion['task_type_by'] | undefined
  messages?: readonly ChatMessage[] | undefined
}

/** What a request says about one of its tasks and its choice. */
export type Wishes = (index: number) => Said

/** With what is usual for all that a caller does not say. */
export const wishesOf = ({ prefer, prefer_local, phi, tiers, max_cost, domain }: Said): RouteWishes => ({
  prefer: prefer ?? 'balanced',
  // Text leaves the hospital only for those who say so, or who want the best there is.
  prefer_local: prefer_local ?? prefer !== 'quality',
  phi: phi ?? true,
  tiers: tiers ?? null,
  max_cost: max_cost ?? null,
  domain: domain ?? null,
})

/** The words of a task that tell its kind. Values of a context are data: they say nothing about what is asked. */
function wordsOf({ template }: PlanTask): string {
  let text = ''
  for (const segment of template) if (segment.kind === 'text') text += segment.text
  return text
}

/** About what a passage takes that is found for a task, and how many come where it does not say. */
const PASSAGE_CHARS = 1500
const USUAL_PASSAGES = 5

/** Characters that go to the model, outputs of dependencies not counted: those are not there yet. */
function charsOf(task: PlanTask, context: ReadonlyMap<string, string>, further: number): number {
  const { system, chat, template, retrieve } = task
  let chars = further + (chat === null ? system.length : chat.before_json.length + chat.further_json.length)
  if (retrieve !== null) chars += (retrieve.top_k ?? USUAL_PASSAGES) * PASSAGE_CHARS
  for (const segment of template)
    if (segment.kind === 'text') chars += segment.text.length
    else if (segment.kind === 'context') chars += context.get(segment.key)?.length ?? 0
  return chars
}

/** Tasks as they were routed when they ended: a choice made again later, of models as they are then, says nothing about them. */
export const asDecided = (
  tasks: readonly PlanTask[],
  finished: ReadonlyMap<number, Outcome>,
  models: ModelTable,
): readonly PlanTask[] =>
  tasks.map((task) => {
    const decision = finished.get(task.index)?.routing
    if (decision === undefined) return task
    const planned_model = decision.target_model
    return { ...task, routing: decision, planned_model, gpu: models.get(planned_model)?.gpu ?? task.gpu }
  })

export interface Routing {
  route: Route
  models: ModelTable
  /** Delimited context by key, and characters of what goes into every task beside it. */
  context: ReadonlyMap<string, string>
  further_chars: number
  wishes: Wishes
  /** US dollars; null: no bound. */
  left_cost: number | null
}

/** Gives every task of agent `auto` its models. The others, and the compiled plan, stay as they are. Throws a Problem. */
export function routeTasks(
  { tasks, unrouted, graph, lanes }: CompiledTasks,
  { route, models, context, further_chars, wishes, left_cost }: Routing,
): { tasks: readonly PlanTask[]; lanes_used: number } {
  const routed = [...tasks]
  const on = [...lanes]
  for (const index of unrouted) {
    const task = tasks[index] as PlanTask
    const chars = charsOf(task, context, further_chars)
    const { max_tokens, phi } = task
    const said = { ...wishes(index), phi }
    const { task_type = null, task_type_by = 'caller', messages } = said
    const words = messages === undefined ? wordsOf(task) : askedIn(messages)
    const kind = { text: words, task_type, task_type_by }
    const chosen = route({ ...wishesOf(said), ...kind, chars, max_tokens, left_cost })
    const lane = models.get(chosen.models[0]) as PinnedLane
    routed[index] = {
      ...task,
      planned_model: lane.model,
      gpu: lane.gpu,
      models: chosen.models,
      routing: chosen.decision,
    }
    on[index] = lane
  }
  return { tasks: routed, lanes_used: createWidth(graph, on)() }
}

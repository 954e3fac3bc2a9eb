import type { FallbackReason } from '../contract/supervise.ts'
import type { Problem } from '../errors.ts'
import { type Astray, beginCourse, type Course, isOver, moveOn, offeredNow } from '../routing/orchestrator/course.ts'
import { type Offer, schemaOf } from '../routing/orchestrator/offer.ts'
import { readTurn, type TurnRead } from '../routing/orchestrator/read-turn.ts'
import { turnMessages } from '../routing/orchestrator/work.ts'
import type { Errand, Made } from './errand.ts'
import { offersFor } from './offers.ts'
import { type Done, runTask } from './one-task.ts'
import type { OrchestratorModel, SupervisorParts } from './port.ts'
import { useTool } from './use-tool.ts'

/** What came of the orchestrator model's work. */
export type Orchestrated =
  | { kind: 'answered'; made: Made }
  | { kind: 'fall_back'; reason: FallbackReason; detail: string }
  | { kind: 'cancelled' }
  /** The service itself is on its way out. */
  | { kind: 'refused'; problem: Problem }

/** Where the roster and the server say nothing of its context. */
const USUAL_WINDOW = 16_384
/** Of one token, at least: the prompt must fit whatever language it is in. */
const CHARS_A_TOKEN = 2.5
const LEAST_CHARS = 500

/** Characters that are left for what is known, beside the problem, the tools and the turn's own text. */
function roomOf({ context_window, max_tokens, examples }: OrchestratorModel, problem: string, tools: object): number {
  const tokens = (context_window() ?? USUAL_WINDOW) - max_tokens
  const taken = problem.length + JSON.stringify(tools).length + examples.length
  return Math.max(LEAST_CHARS, Math.floor(tokens * CHARS_A_TOKEN) - taken)
}

/** Answers without text: the model was there, and said nothing of use. */
const NO_TEXT: ReadonlySet<string> = new Set(['empty_output', 'content_filtered'])

const NOTHING_SAID: TurnRead = { reasoning: null, choice: null, ignored: [], fault: 'no_call' }

interface Decided {
  done: Done
  read: TurnRead | null
  /** It had less time than a turn may take. */
  short: boolean
}

/** Asks the model once, with a prompt made from all that is known now. */
async function decide(
  course: Course,
  offers: readonly Offer[],
  model: OrchestratorModel,
  errand: Errand,
  { execute, tools: known }: SupervisorParts,
): Promise<Decided> {
  const { work, wishes, options } = errand
  const tools = offers.map(schemaOf)
  const left_ms = errand.orchestrated_left_ms
  const done = await runTask(
    execute,
    turnMessages(work, roomOf(model, work.problem, tools), model.examples),
    { model: model.id, tools, thinking: true, max_tokens: model.max_tokens, temperature: 1, phi: wishes.phi },
    { timeout_ms: Math.min(model.turn_timeout_ms, left_ms), max_cost: errand.left_cost },
    options,
  )
  const read = done.result
    ? readTurn(done.result.content, offers, new Set(known.keys()))
    : NO_TEXT.has(done.outcome)
      ? NOTHING_SAID
      : null
  if (read?.reasoning) errand.thoughts.push(`Turn ${course.turn}: ${read.reasoning}`)
  errand.note(
    {
      turn: course.turn,
      step: 'decide',
      tool: read?.choice?.tool.name ?? null,
      alias: read?.choice?.expert.alias ?? null,
      model: model.id,
      outcome: read === null ? done.outcome : (read.fault ?? 'ok'),
      ignored: read?.ignored ?? [],
    },
    done,
  )
  return { done, read, short: left_ms < model.turn_timeout_ms }
}

const fallBack = (reason: FallbackReason, detail: string): Orchestrated => ({ kind: 'fall_back', reason, detail })

/** Why a turn that gave no text ends the orchestrator model's work. */
function brokenOff({ done: { outcome, timed_out }, short }: Decided): Orchestrated {
  if (outcome === 'budget_exceeded') return fallBack('budget', 'its next turn could cost more than is left')
  if (timed_out && short) return fallBack('time', TIME_OVER)
  return fallBack('unavailable', `it did not answer (${timed_out ? 'upstream_timeout' : outcome})`)
}

const SAID: Readonly<Record<Astray, string>> = {
  invalid: 'it made no usable call, also when it was asked again',
  loop: 'it made the same call again and again',
  turns: 'it came to no answer within its turns',
}
const TIME_OVER = 'its share of the time was over'

/** Lets the orchestrator model choose, turn by turn, until a model has answered or it cannot go on. */
export async function orchestrate(
  model: OrchestratorModel,
  errand: Errand,
  parts: SupervisorParts,
): Promise<Orchestrated> {
  let course = beginCourse(errand.max_turns)
  while (!isOver(course)) {
    const { turn } = course
    if (errand.orchestrated_left_ms <= 0) return fallBack('time', TIME_OVER)
    const offers = offersFor(errand, parts)
    if (!offers.some(({ tool }) => tool.gives === 'answer'))
      return fallBack('no_model', 'no model was left that it could have had the answer written by')
    errand.turns = turn
    const decided = await decide(course, offeredNow(course, offers), model, errand, parts)
    const { done, read } = decided
    if (errand.cancelled) return { kind: 'cancelled' }
    if (done.problem?.code === 'not_ready') return { kind: 'refused', problem: done.problem }
    if (read === null) return brokenOff(decided)
    const moved = moveOn(course, read)
    course = moved.course
    if (moved.move.kind === 'fall_back') return fallBack(moved.move.reason, SAID[moved.move.reason])
    if (moved.move.kind === 'ask_again') continue
    const used = await useTool(moved.move.choice, turn, errand, parts)
    if (errand.cancelled) return { kind: 'cancelled' }
    if (used.kind === 'answered') return used
    if (used.kind === 'over')
      return fallBack(used.why, used.why === 'time' ? TIME_OVER : 'the call that it chose could cost more than is left')
  }
  return fallBack('turns', SAID.turns)
}

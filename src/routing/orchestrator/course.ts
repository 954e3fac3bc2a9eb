import type { FallbackReason } from '../../contract/supervise.ts'
import type { Offer } from './offer.ts'
import type { Choice, TurnRead } from './read-turn.ts'

/** The same call so many times in a row is going in circles. */
const IN_CIRCLES = 3

/** Where a task stands with the orchestrator model. */
export interface Course {
  /** The turn that is on, counted from 1. */
  turn: number
  max_turns: number
  /** Its first ask has led to nothing. */
  asked_again: boolean
  /** The last call, and how many times it came in a row. */
  last: { tool: string; alias: string; times: number } | null
}

/** How a model gets nowhere that is there and answers. */
export type Astray = Extract<FallbackReason, 'invalid' | 'loop' | 'turns'>

export type Move =
  | { kind: 'call'; choice: Choice }
  /** The same turn once more, with a fresh prompt. */
  | { kind: 'ask_again' }
  | { kind: 'fall_back'; reason: Astray }

export const beginCourse = (max_turns: number): Course => ({ turn: 1, max_turns, asked_again: false, last: null })

export const isLastTurn = ({ turn, max_turns }: Course): boolean => turn >= max_turns

/** On the last turn only what ends the task is of use: anything else would be paid for and never read. */
export const offeredNow = (course: Course, offers: readonly Offer[]): readonly Offer[] =>
  isLastTurn(course) ? offers.filter(({ tool }) => tool.gives === 'answer') : offers

function repeated({ last }: Course, { tool, expert }: Choice): NonNullable<Course['last']> {
  const same = last !== null && last.tool === tool.name && last.alias === expert.alias
  return { tool: tool.name, alias: expert.alias, times: same ? last.times + 1 : 1 }
}

/** What follows from what the model wrote, and where the task stands then. */
export function moveOn(course: Course, { choice, fault }: TurnRead): { course: Course; move: Move } {
  if (choice !== null) {
    const last = repeated(course, choice)
    if (last.times >= IN_CIRCLES && choice.tool.gives !== 'answer')
      return { course: { ...course, last }, move: { kind: 'fall_back', reason: 'loop' } }
    return { course: { ...course, turn: course.turn + 1, asked_again: false, last }, move: { kind: 'call', choice } }
  }
  if (!course.asked_again) return { course: { ...course, asked_again: true }, move: { kind: 'ask_again' } }
  const reason = isLastTurn(course) && fault === 'not_offered' ? 'turns' : 'invalid'
  return { course, move: { kind: 'fall_back', reason } }
}

/** Whether there is another turn. */
export const isOver = ({ turn, max_turns }: Course): boolean => turn > max_turns

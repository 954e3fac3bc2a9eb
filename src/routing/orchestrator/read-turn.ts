import type { CallFault, SuperviseStep } from '../../contract/supervise.ts'
import { readToolCalls, type ToolCall } from '../../contract/tool-calls.ts'
import type { Expert, Offer } from './offer.ts'
import type { Tool } from './tool.ts'

export type Ignored = SuperviseStep['ignored'][number]

/** A call that can be made. */
export interface Choice {
  tool: Tool
  expert: Expert
}

/** What the model has written on a turn. */
export interface TurnRead {
  /** What it wrote to itself; null: nothing. */
  reasoning: string | null
  /** The first call that can be made; null: there is none. */
  choice: Choice | null
  /** All other calls. */
  ignored: Ignored[]
  /** Why there is no choice; null when there is one. */
  fault: 'no_call' | CallFault | null
}

const OPEN = /^\s*<think>/
const CLOSE = '</think>'

/**
 * Cuts off what a model wrote to itself. Some chat templates open the block themselves, so that only its end is there;
 * one that never ends is notes to the end.
 */
export function splitReasoning(content: string): { reasoning: string; rest: string } {
  const end = content.indexOf(CLOSE)
  const open = OPEN.exec(content)?.[0].length ?? null
  if (end >= 0) return { reasoning: content.slice(open ?? 0, end).trim(), rest: content.slice(end + CLOSE.length) }
  return open === null ? { reasoning: '', rest: content } : { reasoning: content.slice(open).trim(), rest: '' }
}

/** Arguments come as an object, or as JSON in a string. */
function modelIn(given: unknown): string | null {
  let value = given
  if (typeof given === 'string')
    try {
      value = JSON.parse(given)
    } catch {
      return null
    }
  const model = typeof value === 'object' && value !== null ? (value as { model?: unknown }).model : undefined
  return typeof model === 'string' ? model : null
}

/** Names in a trace come from a model: only what is short goes in. */
const shownName = (name: string): string => (name.length <= 64 ? name : `${name.slice(0, 63)}…`)

interface Judged {
  call: Ignored
  choice: Choice | null
}

function judge({ name, arguments: given }: ToolCall, offers: readonly Offer[], known: ReadonlySet<string>): Judged {
  const model = modelIn(given)
  const told = { tool: shownName(name), model: model === null ? null : shownName(model) }
  const offer = offers.find(({ tool }) => tool.name === name)
  if (offer === undefined)
    return { call: { ...told, reason: known.has(name) ? 'not_offered' : 'unknown_tool' }, choice: null }
  const expert = offer.experts.find(({ alias }) => alias === model)
  if (expert === undefined) return { call: { ...told, reason: 'unknown_model' }, choice: null }
  return { call: { ...told, reason: 'one_per_turn' }, choice: { tool: offer.tool, expert } }
}

/** Reads a turn: the first call that can be made counts. `known` are all tools that there are, offered or not. */
export function readTurn(content: string, offers: readonly Offer[], known: ReadonlySet<string>): TurnRead {
  const { reasoning, rest } = splitReasoning(content)
  const judged = readToolCalls(rest).calls.map((call) => judge(call, offers, known))
  const chosen = judged.find(({ choice }) => choice !== null)
  const ignored = judged.filter((one) => one !== chosen).map(({ call }) => call)
  return {
    reasoning: reasoning === '' ? null : reasoning,
    choice: chosen?.choice ?? null,
    ignored,
    fault: chosen ? null : (ignored[0]?.reason ?? 'no_call'),
  }
}

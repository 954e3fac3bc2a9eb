import type { TaskErrorCode } from '../errors.ts'
import { calledTool, TOOL_CALL } from './completion.ts'
import { isOverflow, STREAM_ERROR } from './failure.ts'
import { isObject, type Json, parseJson } from './json.ts'

/** What one event of a streamed answer adds. */
export interface Piece {
  text: string
  /** It carries something, if only reasoning: the server is at work. */
  alive: boolean
  /** undefined: not said yet. */
  finish_reason: unknown
  usage: unknown
}

/** Why a stream is given up. Holds nothing that the server wrote. */
export interface Defect {
  code: TaskErrorCode
  message?: string
  transient?: boolean
}

const bad = (message: string): Defect => ({ code: 'bad_upstream_response', message })

/** An error that a server sent in place of more text. */
export function readError(error: unknown): Defect {
  const { type, code } = isObject(error) ? error : ({} as Json)
  if (isOverflow([type, code])) return { code: 'context_overflow' }
  return { code: 'upstream_error', message: STREAM_ERROR, transient: true }
}

const filled = (value: unknown): boolean => typeof value === 'string' && value !== ''

/** Reads the data of one event, `[DONE]` excepted. Never throws. */
export function readChunk(data: string): Piece | Defect {
  const chunk = parseJson(data)
  if (!isObject(chunk)) return bad('A piece of the streamed answer is not a JSON object.')
  if (chunk.error !== undefined && chunk.error !== null) return readError(chunk.error)
  if (!Array.isArray(chunk.choices)) return bad('A piece of the streamed answer has no list of choices.')
  const usage = chunk.usage ?? undefined
  const choice: unknown = chunk.choices[0]
  // The last piece of all has the token counts and no choice.
  if (choice === undefined) return { text: '', alive: usage !== undefined, finish_reason: undefined, usage }
  if (!isObject(choice) || !isObject(choice.delta))
    return bad('A piece of the streamed answer has a choice without text.')
  if ((choice.index ?? 0) !== 0) return bad('The model server streamed a second answer that nobody asked for.')
  const { delta } = choice
  if (calledTool(delta)) return bad(TOOL_CALL)
  const text = delta.content ?? ''
  if (typeof text !== 'string') return bad('A piece of the streamed answer holds something else than text.')
  const finish_reason = choice.finish_reason ?? undefined
  const thought = filled(delta.reasoning_content) || filled(delta.reasoning)
  const alive = text !== '' || thought || finish_reason !== undefined || usage !== undefined
  return { text, alive, finish_reason, usage }
}

import type { CancelSignal } from '../contract/cancel.ts'
import { estimateFit, looksCut, overflowMessage, showsCut, surelyFits } from './context-fit.ts'
import { failure } from './failure.ts'
import type { AttemptResult, Completion, ModelRequest } from './port.ts'

/** What is known of a prompt before it is sent. */
export interface Fit {
  /** Why it does not fit, in numbers; null when it may. */
  overflow: string | null
  /** Its tokens by the server's own count; null when they were not counted. */
  exact: number | null
  /** False: only the server's count afterwards can tell whether it was cut. */
  certain: boolean
  window: number | null
}

/** The server's own count of a prompt's tokens; null where it does not count. */
export type TokenCount = (request: ModelRequest, cancel: CancelSignal) => Promise<number | null>

const UNBOUNDED: Fit = Object.freeze({ overflow: null, exact: null, certain: true, window: null })

const UNCOUNTED =
  'The prompt may not have fitted the context window, and the server reports no token counts: part of it may have been cut.'
const FEW_TOKENS =
  'The server counted very few tokens for the length of the prompt and has no tokenizer to check: part of it may have been cut.'

/** Tools that a model may call stand in its prompt too, in a form of the server's own. */
const toolsOf = ({ chat }: ModelRequest): string => (chat?.tools === true ? chat.further_json : '')

const charsOf = (request: ModelRequest): number => request.system.length + request.user.length + toolsOf(request).length

const bytesOf = (request: ModelRequest): number =>
  Buffer.byteLength(request.system) + Buffer.byteLength(request.user.toString()) + Buffer.byteLength(toolsOf(request))

/** Of a prompt that cannot but fit; null when it has to be looked at. No call that is far from the limit waits for this. */
export function plainFit(request: ModelRequest, window: number | null): Fit | null {
  if (window === null) return UNBOUNDED
  const size = { chars: charsOf(request), max_tokens: request.max_tokens, window }
  // 3 bytes per UTF-16 unit is the most that UTF-8 takes; only near the limit is it worth measuring.
  const fits = surelyFits(size.chars * 3, size) || surelyFits(bytesOf(request), size)
  return fits ? { overflow: null, exact: null, certain: true, window } : null
}

/** Of a prompt near the limit: by the server's count, else by its length. */
export async function measuredFit(
  request: ModelRequest,
  window: number,
  count: TokenCount,
  cancel: CancelSignal,
): Promise<Fit> {
  const size = { chars: charsOf(request), max_tokens: request.max_tokens, window }
  const exact = await count(request, cancel)
  const overflow = overflowMessage(exact, size)
  if (exact !== null)
    return { overflow: exact + request.max_tokens > window ? overflow : null, exact, certain: true, window }
  const fit = estimateFit(size)
  return { overflow: fit === 'overflow' ? overflow : null, exact: null, certain: fit === 'fits', window }
}

/** Whether nothing about an answer says that its prompt was cut, so that nobody need be asked. */
export function plainlyWhole({ prompt_tokens, tokens }: Completion, request: ModelRequest, fit: Fit): boolean {
  if (prompt_tokens === null) return fit.certain
  if (fit.exact !== null || looksCut(charsOf(request), prompt_tokens)) return false
  return fit.window === null || prompt_tokens + (tokens ?? 0) < fit.window
}

/** Judges an answer by the server's counts: its prompt was cut, may have been cut, or the answer met the context's edge. */
export async function checkCut(
  result: Completion,
  request: ModelRequest,
  fit: Fit,
  count: TokenCount,
  cancel: CancelSignal,
): Promise<AttemptResult> {
  const { prompt_tokens, tokens } = result
  if (prompt_tokens === null) return fit.certain ? result : { ...result, warnings: [...result.warnings, UNCOUNTED] }
  const suspicious = fit.exact === null && looksCut(charsOf(request), prompt_tokens)
  const exact = suspicious ? await count(request, cancel) : fit.exact
  if (showsCut({ exact, prompt_tokens, tokens, window: fit.window }))
    return failure('input_truncated', result.latency_ms)
  if (suspicious && exact === null) return { ...result, warnings: [...result.warnings, FEW_TOKENS] }
  // The prompt was whole, so what met the edge of the context is the answer.
  const atEdge = fit.window !== null && prompt_tokens + (tokens ?? 0) >= fit.window
  return atEdge ? { ...result, truncated: true } : result
}

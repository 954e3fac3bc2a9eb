import { Pool } from 'undici'
import type { CancelSignal } from '../contract/cancel.ts'
import { readCompletion } from './completion.ts'
import { estimateFit, looksCut, showsCut, surelyFits } from './context-fit.ts'
import { failure, failureOfFault, failureOfStatus } from './failure.ts'
import { type Answer, exchange } from './http.ts'
import type { AttemptResult, Completion, Failure, Model, ModelRequest } from './port.ts'
import { RequestBody } from './request-body.ts'
import { parseRetryAfter } from './retry-after.ts'

/** An answer of a model is a few kilobytes; what passes this is no answer. */
export const MAX_RESPONSE_BYTES = 4 * 1024 * 1024
/** Marks answers of the simulator; nothing else can. */
const SIMULATOR_HEADER = 'x-consilium-simulator'
/** Longest wait for a server's tokenizer: counting takes it milliseconds. */
const COUNT_MS = 5000

/** What a server has told us about itself; the roster may be wrong about it. */
export interface ServerFacts {
  /** Tokens per slot by the server's own word; null while unknown. */
  context_window: number | null
  /** Whether it counts tokens for us; null while unknown. */
  tokenizes: boolean | null
}

/** OpenAI-compatible client of one model server, on one connection pool. */
export class ModelClient {
  readonly model: Model
  readonly facts: ServerFacts = { context_window: null, tokenizes: null }
  readonly #pool: Pool
  readonly #headers: Record<string, string>
  readonly #body: RequestBody
  readonly #paths: { base: string; completions: string }

  constructor(model: Model) {
    this.model = model
    const url = new URL(model.url)
    // The lane admits at most `slots` calls; the rest is for probes and token counts.
    this.#pool = new Pool(url.origin, { connections: model.slots + 2, pipelining: 1 })
    this.#headers = { 'content-type': 'application/json', accept: 'application/json', 'accept-encoding': 'identity' }
    if (model.api_key !== null) this.#headers.authorization = `Bearer ${model.api_key}`
    this.#body = new RequestBody(model.served_model)
    this.#paths = { base: url.pathname.replace(/\/v1$/, ''), completions: `${url.pathname}/chat/completions` }
  }

  /** Closes the pool and ends whatever is still in flight. */
  close(): Promise<void> {
    return this.#pool.destroy()
  }

  /** GET on the server's root (`/props`, `/v1/models`, …), parsed; null when it does not answer 200 with JSON. */
  async get(path: string, deadline: number, cancel: CancelSignal): Promise<unknown> {
    const answer = await this.#exchange('GET', `${this.#paths.base}${path}`, null, deadline, cancel)
    return answer.kind === 'answer' && answer.status === 200 ? parseJson(answer.body) : null
  }

  /** Whether anything answers there, whatever it says short of a server error. */
  async answers(deadline: number, cancel: CancelSignal): Promise<boolean> {
    const answer = await this.#exchange('GET', `${this.#paths.base}/v1/models`, null, deadline, cancel)
    return answer.kind === 'answer' && answer.status < 500
  }

  /** One chat completion. Always resolves; refuses before any GPU works when the prompt cannot fit. */
  async complete(request: ModelRequest, cancel: CancelSignal): Promise<AttemptResult> {
    const prompt = request.system.length + request.user.length
    const fit = await this.#checkFit(request, prompt, cancel)
    if (fit.overflow) return failure('context_overflow', 0)

    const body = this.#body.write(request)
    const answer = await this.#exchange('POST', this.#paths.completions, body, request.deadline, cancel)
    const result = readAnswer(answer, request.max_tokens)
    return result.ok ? this.#checkCut(result, request, prompt, fit, cancel) : result
  }

  #exchange(
    method: 'GET' | 'POST',
    path: string,
    body: string | null,
    deadline: number,
    cancel: CancelSignal,
  ): Promise<Answer> {
    return exchange(this.#pool, {
      method,
      path,
      headers: this.#headers,
      body,
      deadline,
      cancel,
      max_bytes: MAX_RESPONSE_BYTES,
    })
  }

  #window(): number | null {
    const told = this.facts.context_window
    const listed = this.model.context_window
    return told !== null && listed !== null ? Math.min(told, listed) : (told ?? listed)
  }

  async #checkFit(request: ModelRequest, chars: number, cancel: CancelSignal): Promise<Fit> {
    const window = this.#window()
    if (window === null) return { overflow: false, exact: null, certain: true, window }
    const size = { chars, max_tokens: request.max_tokens, window }
    // 3 bytes per UTF-16 unit is the most that UTF-8 takes; only near the limit is it worth measuring.
    if (
      surelyFits(chars * 3, size) ||
      surelyFits(Buffer.byteLength(request.system) + Buffer.byteLength(request.user.toString()), size)
    )
      return { overflow: false, exact: null, certain: true, window }
    const exact = await this.#countTokens(request, cancel)
    if (exact !== null) return { overflow: exact + request.max_tokens > window, exact, certain: true, window }
    const fit = estimateFit(size)
    return { overflow: fit === 'overflow', exact: null, certain: fit === 'fits', window }
  }

  /** The server's own count of the prompt's text; null where it does not count (llama.cpp and vLLM do). */
  async #countTokens({ system, user, deadline }: ModelRequest, cancel: CancelSignal): Promise<number | null> {
    if (this.facts.tokenizes === false) return null
    // llama.cpp reads `content`, vLLM reads `model` and `prompt`; each ignores the other's members.
    const content = `${system}\n${user}`
    const body = JSON.stringify({ content, prompt: content, model: this.model.served_model })
    const now = performance.now()
    // At most half of the time: a tokenizer that hangs must leave some for the call that it is asked for.
    const patience = now + Math.min(COUNT_MS, (deadline - now) / 2)
    const answer = await this.#exchange('POST', `${this.#paths.base}/tokenize`, body, patience, cancel)
    if (answer.kind === 'error') return null
    if (answer.status !== 200) {
      if (answer.status === 404 || answer.status === 405 || answer.status === 501) this.facts.tokenizes = false
      return null
    }
    const count = readTokenCount(parseJson(answer.body))
    this.facts.tokenizes = count !== null
    return count
  }

  async #checkCut(
    result: Completion,
    request: ModelRequest,
    chars: number,
    fit: Fit,
    cancel: CancelSignal,
  ): Promise<AttemptResult> {
    const { prompt_tokens, tokens } = result
    if (prompt_tokens === null) return fit.certain ? result : { ...result, warnings: [UNCOUNTED] }
    const suspicious = fit.exact === null && looksCut(chars, prompt_tokens)
    const exact = suspicious ? await this.#countTokens(request, cancel) : fit.exact
    if (showsCut({ exact, prompt_tokens, tokens, window: fit.window }))
      return failure('input_truncated', result.latency_ms)
    if (suspicious && exact === null) return { ...result, warnings: [FEW_TOKENS] }
    // The prompt was whole, so what met the edge of the context is the answer.
    const atEdge = fit.window !== null && prompt_tokens + (tokens ?? 0) >= fit.window
    return atEdge ? { ...result, truncated: true } : result
  }
}

const UNCOUNTED =
  'The prompt may not have fitted the context window, and the server reports no token counts: part of it may have been cut.'
const FEW_TOKENS =
  'The server counted very few tokens for the length of the prompt and has no tokenizer to check: part of it may have been cut.'

interface Fit {
  overflow: boolean
  exact: number | null
  /** False: only the server's count afterwards can tell whether it was cut. */
  certain: boolean
  window: number | null
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function readTokenCount(body: unknown): number | null {
  const { tokens, count } = (body ?? {}) as { tokens?: unknown; count?: unknown }
  if (Array.isArray(tokens)) return tokens.length
  return Number.isInteger(count) ? (count as number) : null
}

function readAnswer(answer: Answer, max_tokens: number): Completion | Failure {
  if (answer.kind === 'error') return failureOfFault(answer.reason, answer.latency_ms)
  const { status, headers, body, latency_ms } = answer
  if (status !== 200) {
    const told = parseJson(body) as { error?: { type?: unknown; code?: unknown } } | undefined
    const types = [told?.error?.type, told?.error?.code]
    return failureOfStatus(status, latency_ms, parseRetryAfter(headers['retry-after'], Date.now()), types)
  }
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity')
    return failure('bad_upstream_response', latency_ms, {
      message: 'The model server compressed its answer though it was asked not to.',
    })
  const json = parseJson(body)
  if (json === undefined)
    return failure('bad_upstream_response', latency_ms, { message: 'The answer of the model server is not JSON.' })
  const completion = readCompletion(json, max_tokens, latency_ms)
  return completion.ok ? { ...completion, simulated: headers[SIMULATOR_HEADER] === '1', warnings: [] } : completion
}

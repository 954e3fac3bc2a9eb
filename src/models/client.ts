import type { CancelSignal } from '../contract/cancel.ts'
import { MAX_SLOTS } from '../contract/roster.ts'
import { readAnswer } from './answer.ts'
import { Connections, type Ignored } from './connections.ts'
import { readEmbeddings } from './embedding-answer.ts'
import type { Answer } from './exchange.ts'
import { failure } from './failure.ts'
import { exchange } from './http.ts'
import { parseJson } from './json.ts'
import type { ModelLookup } from './names.ts'
import type { AttemptResult, EmbeddingBatch, EmbeddingRequest, Failure, Model, ModelRequest } from './port.ts'
import { checkCut, measuredFit, plainFit, plainlyWhole, type TokenCount } from './prompt-check.ts'
import { RequestBody } from './request-body.ts'
import { AnswerStream } from './stream.ts'

/** An answer of a model is a few kilobytes; what passes this is no answer. */
export const MAX_RESPONSE_BYTES = 4 * 1024 * 1024
/** 64 vectors of 4096 numbers, each with twenty digits, and some. */
const MAX_EMBEDDINGS_BYTES = 16 * 1024 * 1024
/** Longest silence within a streamed answer: so long that the next server still has time. */
const STREAM_IDLE_MS = 15_000
/** Longest wait for a server's tokenizer: counting takes it milliseconds. */
const COUNT_MS = 5000

/** What a server has told us about itself; the roster may be wrong about it. */
export interface ServerFacts {
  /** Tokens per slot by the server's own word; null while unknown. */
  context_window: number | null
  /** Whether it counts tokens for us; null while unknown. */
  tokenizes: boolean | null
}

export interface ClientOptions {
  /** @default the system's */
  lookup?: ModelLookup
  /** Longest gap between two pieces of a streamed answer in ms; the first may take until the deadline. @default 15000 */
  stream_idle_ms?: number
}

/** OpenAI-compatible client of one model server, on its own connections. */
export class ModelClient {
  readonly model: Model
  readonly facts: ServerFacts = { context_window: null, tokenizes: null }
  readonly #connections: Connections
  readonly #headers: Record<string, string>
  readonly #streamHeaders: Record<string, string>
  readonly #streamIdleMs: number
  readonly #body: RequestBody
  readonly #paths: { base: string; completions: string; embeddings: string }

  constructor(model: Model, { lookup, stream_idle_ms = STREAM_IDLE_MS }: ClientOptions = {}) {
    this.model = model
    this.#streamIdleMs = stream_idle_ms
    const url = new URL(model.url)
    // The lane admits at most `slots` calls; the rest is for probes and token counts. Where the server tells its slots the lane
    // may grow to the most there can be. Connections are opened as they are needed, so a bound that is not reached costs nothing.
    const connections = (model.slots ?? MAX_SLOTS) + 2
    this.#connections = new Connections(url.origin, { connections, ...(lookup && { connect: { lookup } }) })
    this.#headers = { 'content-type': 'application/json', accept: 'application/json', 'accept-encoding': 'identity' }
    if (model.api_key !== null) this.#headers.authorization = `Bearer ${model.api_key}`
    this.#streamHeaders = { ...this.#headers, accept: 'text/event-stream, application/json' }
    this.#body = new RequestBody(model.served_model)
    this.#paths = {
      base: url.pathname.replace(/\/v1$/, ''),
      completions: `${url.pathname}/chat/completions`,
      embeddings: `${url.pathname}/embeddings`,
    }
  }

  /** Times that a call was sent again because the server closed an idle connection at the moment of sending. */
  get reconnects(): number {
    return this.#connections.reconnects
  }

  get ignored(): Readonly<Ignored> {
    return this.#connections.ignored
  }

  /** Closes all connections and ends whatever is still in flight. */
  close(): Promise<void> {
    return this.#connections.pool.destroy()
  }

  /** GET on the server's root (`/props`, `/v1/models`, …), parsed; null when it does not answer 200 with JSON. */
  async get(path: string, deadline: number, cancel: CancelSignal): Promise<unknown> {
    const body = await this.#fetch(path, deadline, cancel)
    return body === null ? null : parseJson(body.toString())
  }

  /** The same as text. */
  async text(path: string, deadline: number, cancel: CancelSignal): Promise<string | null> {
    return (await this.#fetch(path, deadline, cancel))?.toString('utf8') ?? null
  }

  async #fetch(path: string, deadline: number, cancel: CancelSignal): Promise<Buffer | null> {
    const answer = await this.#exchange('GET', `${this.#paths.base}${path}`, null, deadline, cancel)
    return answer.kind === 'answer' && answer.status === 200 ? answer.body : null
  }

  /** Whether anything answers there, whatever it says short of a server error; null: this process slept past the deadline. */
  async answers(deadline: number, cancel: CancelSignal): Promise<boolean | null> {
    const answer = await this.#exchange('GET', `${this.#paths.base}/v1/models`, null, deadline, cancel)
    if (answer.kind === 'error' && answer.reason === 'too_late') return null
    return answer.kind === 'answer' && answer.status < 500
  }

  /**
   * One chat completion, streamed when somebody hears `on_delta`. Always resolves; refuses before any GPU works when the
   * prompt cannot fit. What has been handed on of an answer that then fails is to be discarded.
   */
  async complete(request: ModelRequest, cancel: CancelSignal): Promise<AttemptResult> {
    const { window } = this
    const fit = plainFit(request, window) ?? (await measuredFit(request, window as number, this.#count, cancel))
    if (fit.overflow !== null) return failure('context_overflow', 0, { message: fit.overflow })

    const body = this.#body.write(request)
    const stream = request.on_delta === null ? null : new AnswerStream(request.on_delta)
    const answer = await this.#exchange('POST', this.#paths.completions, body, request.deadline, cancel, {
      reader: stream,
      ...(request.end !== undefined && { end: request.end }),
    })
    const result = readAnswer(answer, stream, request)
    if (!result.ok || plainlyWhole(result, request, fit)) return result
    return checkCut(result, request, fit, this.#count, cancel)
  }

  /** The embeddings of texts, in one request. Always resolves. */
  async embed({ texts, deadline }: EmbeddingRequest, cancel: CancelSignal): Promise<EmbeddingBatch | Failure> {
    const body = JSON.stringify({ model: this.model.served_model, input: texts, encoding_format: 'float' })
    const answer = await this.#exchange('POST', this.#paths.embeddings, body, deadline, cancel, {
      max_bytes: MAX_EMBEDDINGS_BYTES,
    })
    return readEmbeddings(answer, texts.length)
  }

  #exchange(
    method: 'GET' | 'POST',
    path: string,
    body: string | null,
    deadline: number,
    cancel: CancelSignal,
    {
      reader = null,
      max_bytes = MAX_RESPONSE_BYTES,
      end = deadline,
    }: { reader?: AnswerStream | null; max_bytes?: number; end?: number } = {},
  ): Promise<Answer> {
    return exchange(this.#connections, {
      method,
      path,
      headers: reader === null ? this.#headers : this.#streamHeaders,
      body,
      deadline,
      end,
      cancel,
      max_bytes,
      reader,
      idle_ms: this.#streamIdleMs,
    })
  }

  /** Tokens per slot that a call may use: the smaller of what the roster lists and the server told; null when neither does. */
  get window(): number | null {
    const told = this.facts.context_window
    const listed = this.model.context_window
    return told !== null && listed !== null ? Math.min(told, listed) : (told ?? listed)
  }

  /** The server's own count of the prompt's text; null where it does not count (llama.cpp and vLLM do). */
  readonly #count: TokenCount = async ({ system, user, deadline }, cancel) => {
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
    const count = readTokenCount(parseJson(answer.body.toString()))
    this.facts.tokenizes = count !== null
    return count
  }
}

function readTokenCount(body: unknown): number | null {
  const { tokens, count } = (body ?? {}) as { tokens?: unknown; count?: unknown }
  if (Array.isArray(tokens)) return tokens.length
  return Number.isInteger(count) ? (count as number) : null
}

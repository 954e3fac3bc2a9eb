/** Every problem that a caller can meet: code → HTTP status and title (RFC 9457). The only such table. */
export const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  unknown_workflow: { status: 400, title: 'Unknown workflow' },
  missing_context: { status: 400, title: 'Required context is missing' },
  unknown_agent: { status: 400, title: 'Unknown agent' },
  unknown_model: { status: 400, title: 'Unknown model' },
  duplicate_task: { status: 400, title: 'Two tasks have the same id' },
  unknown_dependency: { status: 400, title: 'Unknown dependency' },
  dependency_cycle: { status: 400, title: 'The tasks depend on each other in a circle' },
  too_many_tasks: { status: 400, title: 'Too many tasks' },
  unauthorized: { status: 401, title: 'Authentication is required' },
  forbidden: { status: 403, title: 'Not permitted' },
  not_found: { status: 404, title: 'Not found' },
  not_acceptable: { status: 406, title: 'Not acceptable' },
  conflict: { status: 409, title: 'Conflict' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  no_model: { status: 422, title: 'No model may serve this' },
  egress_refused: { status: 422, title: 'The text may not go out to this model' },
  context_overflow: { status: 422, title: 'The text does not fit the model' },
  idempotency_mismatch: { status: 422, title: 'Idempotency key was used with another body' },
  rate_limited: { status: 429, title: 'Too many requests' },
  budget_exceeded: { status: 429, title: 'The budget does not allow it' },
  internal_error: { status: 500, title: 'Internal error' },
  run_failed: { status: 502, title: 'No task of the run succeeded' },
  overloaded: { status: 503, title: 'Overloaded' },
  not_ready: { status: 503, title: 'Not ready' },
  models_away: { status: 503, title: 'The models that may serve this are away' },
  run_timeout: { status: 504, title: 'The run did not finish in time' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemCode = keyof typeof PROBLEMS

/** One offending field of a request: a JSON pointer-like path and what to do about it. */
export interface FieldError {
  field: string
  message: string
}

export interface ProblemOptions {
  /** Field by field, what is wrong. Never clinical text. */
  errors?: readonly FieldError[]
  /** Seconds for a Retry-After header. */
  retryAfterS?: number
  /** Members added to the problem's body, e.g. the run of a `run_failed`. */
  members?: Readonly<Record<string, unknown>>
}

/**
 * A refusal that a caller is meant to read. `detail` goes out as it is: it names fields and ids, never clinical text.
 * Thrown by planning and plugins, turned into `application/problem+json` by `plugins/problem.ts`.
 */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly options: ProblemOptions

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    // A refusal is no fault to be found: without a stack it costs a tenth of the time, and under overload that counts.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(`${code}: ${detail}`)
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'Problem'
    this.code = code
    this.status = PROBLEMS[code].status
    this.title = PROBLEMS[code].title
    this.detail = detail
    this.options = options
  }
}

/** Every way in which a task or one attempt can end badly: code → the sentence that a caller reads. */
export const TASK_ERRORS = {
  upstream_unreachable: 'The model server could not be reached.',
  upstream_timeout: 'The model server did not answer in time.',
  upstream_error: 'The model server reported that it could not answer.',
  upstream_rejected: 'The model server rejected the request.',
  rate_limited: 'The model server asked to slow down.',
  bad_upstream_response: 'The model server sent an answer that is not a chat completion.',
  response_too_large: 'The answer of the model server passed the size limit.',
  context_overflow: "The prompt and its max_tokens do not fit the model's context window.",
  input_truncated: 'The model server cut the prompt: the answer rests on part of the input.',
  content_filtered: 'The model server withheld the answer (content filter).',
  empty_output: 'The model answered with no text.',
  output_truncated: 'The answer was cut by the token limit and is incomplete.',
  budget_exceeded: 'The call could cost more than the budget has left, or nobody could say what is left.',
  egress_refused: 'The text may not go out to this model.',
  breaker_open: 'The model server failed repeatedly and is being left alone for a while.',
  queue_full: "The queue of the model's lane is full.",
  task_timeout: 'The task ran out of time before a model server could be asked again.',
  dependency_failed: 'A task that this one depends on did not succeed.',
  approval_rejected: 'A human has rejected the text of this task.',
  approval_expired: 'Nobody approved the text of this task in time.',
  cancelled: 'The run ended before the task did.',
  internal_error: 'The service failed while it worked on this task.',
} as const satisfies Record<string, string>

/** Of `no_model` where texts need embeddings. */
export const NO_EMBEDDING_MODEL =
  'No model of the roster makes embeddings: give one of MODELS_FILE "kind": "embedding".'

/** Instead of the sentence of `cancelled` where it was the run's deadline that ended it. */
export const RUN_TIME_OVER = "The run's time was over before the task ended."
export const SERVICE_STOPPED = 'The service was stopped before the task ended.'

export type TaskErrorCode = keyof typeof TASK_ERRORS

/** A bad setting. Its message names the variable and what to write; it stops the start. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Why a store could not do what it was asked. `unavailable`, `full` and `busy` may pass; the others need a person. */
export const STORE_FAULTS = [
  'unavailable',
  'busy',
  'full',
  'corrupt',
  'key_missing',
  'unstorable',
  'bad_cursor',
] as const

export type StoreFault = (typeof STORE_FAULTS)[number]

/** Thrown by every method of a store. The message names tables, fields and ids of ours, never what was to be stored. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly fault: StoreFault
  /** The fault again, under the name by which logs know errors. */
  readonly code: StoreFault

  constructor(fault: StoreFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
    this.code = fault
  }
}

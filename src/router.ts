import { askedIn } from './contract/asked.ts'
import type { BreakerState } from './contract/roster.ts'
import type { Classification, RouteQuestion, RoutingDecision, RoutingRefusal } from './contract/routing.ts'
import type { TaskType } from './contract/task-type.ts'
import type { RouteRequest } from './contract/tasks.ts'
import { Problem } from './errors.ts'
import type { Model } from './models/port.ts'
import type { Roster } from './models/roster.ts'
import type { ModelServers } from './models/servers.ts'
import { type Route, type Routed, type RoutingQuestion, wishesOf } from './plan/route.ts'
import { resolveCard } from './routing/cards/resolve.ts'
import { classify } from './routing/classify/classify.ts'
import { usualPromptTokens } from './routing/cost.ts'
import { type Candidate, type Live, type Policy, UNKNOWN } from './routing/router/candidate.ts'
import { decide } from './routing/router/decide.ts'
import type { Forecast } from './run/forecast.ts'

/** Models behind the chosen one that a task may fall back on. */
const MOST_FALLBACKS = 2

/** Tokens that an answer may have when nobody says. */
const USUAL_TOKENS = 1024

export interface RouterParts {
  roster: Roster
  servers: ModelServers
  forecast: Forecast
  /** How long a call that came now would wait for its permit, in ms; null while nothing is known of the server. */
  estimatedWaitMs: (model: string) => number | null
  phi_egress: boolean
  /** Never chosen: it decides about others. @default null, there is none */
  orchestrator_model?: string | null
}

/** What is true of a model at the moment that it is looked at. */
class LiveModel implements Live {
  readonly #id: string
  readonly #parts: RouterParts

  constructor(id: string, parts: RouterParts) {
    this.#id = id
    this.#parts = parts
  }

  get breaker(): BreakerState {
    return this.#parts.servers.view(this.#id).breaker
  }

  get reachable(): boolean | null {
    const { reachable, shunned } = this.#parts.servers.view(this.#id)
    // Where an inference hung a while ago, nobody knows whether the next one would.
    return reachable === false && !shunned ? null : reachable
  }

  get wait_ms(): number | null {
    return this.#parts.estimatedWaitMs(this.#id)
  }

  get latency_ms(): number | null {
    return this.#parts.forecast.usualMs(this.#id)
  }

  get ms_per_token(): number | null {
    return this.#parts.forecast.msPerToken(this.#id)
  }

  get measured_ago_ms(): number | null {
    return this.#parts.forecast.measuredAgoMs(this.#id)
  }

  get error_rate(): number | null {
    return this.#parts.servers.view(this.#id).error_rate
  }

  get context_window(): number | null {
    return this.#parts.servers.view(this.#id).context_window
  }
}

export interface Router {
  route: Route
  /** For a run that was accepted before: what is down now may be up when its turn comes, so that alone is no reason to end it. */
  routeAgain: Route
  /** The choice for a task that is not to be run; `left_cost` as in a question. Throws a Problem (`no_model`, `models_away`). */
  preview: (request: RouteRequest, left_cost?: number | null) => RoutingDecision
  /** The choice for a question whose kind is known. Throws a Problem (`no_model`, `models_away`). */
  choose: (question: RouteQuestion) => RoutingDecision
  candidates: readonly Candidate[]
  policy: Policy
}

/** Seconds after which a breaker may have let a call through, or a server been seen again. */
const RETRY_AFTER_S = 5
/** Of a small model's word against the classifier's own. How often such a model is right here was never measured. */
const SMALL_MODEL_SHARE = 0.5

/**
 * What kind of work a text is. A kind that its caller names is certain; what a small model said counts half and the classifier's own
 * guess half.
 */
function classified(text: string, known: TaskType | null, by: 'caller' | 'small_model'): Classification {
  const guessed = classify(text)
  if (known === null) return { ...guessed, source: 'rules' }
  if (by === 'caller') return { ...guessed, type: known, confidence: 1, distribution: { [known]: 1 }, source: by }
  const distribution: Classification['distribution'] = { [known]: SMALL_MODEL_SHARE }
  for (const [type, likely] of Object.entries(guessed.distribution) as [TaskType, number][])
    distribution[type] = (distribution[type] ?? 0) + (1 - SMALL_MODEL_SHARE) * likely
  return { ...guessed, type: known, confidence: Math.min(1, distribution[known] ?? 0), distribution, source: by }
}

/** Whether a model could serve the task if only it were there. */
const isAway = ({ code }: RoutingRefusal['models'][number]): boolean =>
  code === 'breaker_open' || code === 'unreachable'

/** A refusal that time may lift is told apart: who gets it may ask again. */
const refused = (refusal: RoutingRefusal): Problem =>
  refusal.models.some(isAway)
    ? new Problem('models_away', refusal.message, { members: { routing: refusal }, retryAfterS: RETRY_AFTER_S })
    : new Problem('no_model', refusal.message, { members: { routing: refusal } })

/** Chooses among the models of a roster, by their cards and by what is true of them now. */
export function createRouter(parts: RouterParts): Router {
  const { roster, phi_egress, orchestrator_model = null } = parts
  const eligible = [...roster.models.values()].filter(({ id }) => id !== orchestrator_model)
  const candidates = eligible.map(
    (model: Model): Candidate => ({
      card: resolveCard(model),
      off: model.off ?? null,
      live: new LiveModel(model.id, parts),
    }),
  )
  const unseen = candidates.map((candidate): Candidate => ({ ...candidate, live: UNKNOWN }))
  const policy: Policy = { phi_egress, routing: roster.routing, tools: [] }

  const choose = (question: RouteQuestion, among: readonly Candidate[] = candidates): RoutingDecision => {
    const routed = decide(question, among, policy)
    if (routed.ok) return routed.decision
    throw refused(routed.refusal)
  }

  const routeAmong = (
    among: readonly Candidate[],
    { text, chars, max_tokens, task_type, task_type_by = 'caller', ...wishes }: RoutingQuestion,
  ): Routed => {
    const classification = classified(text, task_type, task_type_by)
    const prompt_tokens = usualPromptTokens(chars)
    const decision = choose({ ...wishes, kind: 'chat', classification, prompt_tokens, max_tokens }, among)
    const others = decision.alternatives.slice(0, MOST_FALLBACKS).map(({ model }) => model)
    return { models: [decision.target_model, ...others], decision }
  }
  /** What nobody can pay is chosen all the same where nothing else is left: the purse refuses it, and can say which account and until when. */
  const route: Route = (question) => {
    try {
      return routeAmong(candidates, question)
    } catch (error) {
      const unpaid = error instanceof Problem && error.code === 'no_model' && (question.left_cost ?? null) !== null
      if (!unpaid) throw error
      return routeAmong(candidates, { ...question, left_cost: null })
    }
  }
  const routeAgain: Route = (question) => {
    try {
      return route(question)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return routeAmong(unseen, question)
    }
  }
  const preview = (request: RouteRequest, left_cost: number | null = null) => {
    const { task, system_prompt = '', context = [], max_tokens = USUAL_TOKENS, task_type, ...wishes } = request
    const chars = context.reduce((sum, { length }) => sum + length, task.length + system_prompt.length)
    return routeAmong(candidates, {
      ...wishesOf(wishes),
      text: askedIn([{ role: 'user', content: task }]),
      chars,
      max_tokens,
      task_type: task_type ?? null,
      left_cost,
    }).decision
  }
  return { route, routeAgain, preview, choose, candidates, policy }
}

import type { ExecuteOptions } from '../contract/service.ts'
import type { FallbackReason, SuperviseRequest, SuperviseResponse, ToolList } from '../contract/supervise.ts'
import { Problem } from '../errors.ts'
import { toolView } from '../routing/orchestrator/tool.ts'
import { answerOf, type Ended } from './answer.ts'
import { Errand, type Made } from './errand.ts'
import { routeInstead, type Why } from './fall-back.ts'
import { orchestrate } from './orchestrate.ts'
import type { OrchestratorModel, SupervisorParts } from './port.ts'
import { SharedCancel } from './shared-cancel.ts'

type Told = Pick<Ended, 'orchestrator' | 'fallback'>

/**
 * Gives a task to the orchestrator model, turn by turn, or to the router where there is none or it cannot go on. It works
 * on no model itself: each turn and each tool is a run of one task on the engine.
 */
export class Supervisor {
  readonly #parts: SupervisorParts

  constructor(parts: SupervisorParts) {
    this.#parts = parts
  }

  /**
   * Resolves with the answer, or without one when the caller has given it up (`cancelled`). Throws a Problem when nobody
   * could answer; it holds what was done by then as `supervised`.
   */
  async supervise(request: SuperviseRequest, options: ExecuteOptions): Promise<SuperviseResponse> {
    const cancel = options.cancel && new SharedCancel(options.cancel)
    try {
      return await this.#supervise(request, { ...options, ...(cancel && { cancel }) })
    } finally {
      cancel?.close()
    }
  }

  async #supervise(request: SuperviseRequest, options: ExecuteOptions): Promise<SuperviseResponse> {
    const { models, orchestrator, defaults } = this.#parts
    const errand = new Errand(request, options, models.classify(request.task), defaults)
    const wanted = request.use_orchestrator ?? orchestrator !== null
    if (!wanted) return this.#route(errand, null, null)
    if (orchestrator === null) return this.#route(errand, { reason: 'not_configured', detail: '' }, null)
    return this.#follow(orchestrator, errand)
  }

  /** The tools that there are, and which of them are offered. */
  describeTools(): ToolList {
    const { tools, offered, orchestrator, search } = this.#parts
    const isOffered = (name: string, gives: string) =>
      orchestrator !== null && offered.has(name) && (gives !== 'query' || search !== null)
    return { tools: [...tools.values()].map((tool) => toolView(tool, isOffered(tool.name, tool.gives))) }
  }

  async #follow(model: OrchestratorModel, errand: Errand): Promise<SuperviseResponse> {
    const ended = await orchestrate(model, errand, this.#parts)
    switch (ended.kind) {
      case 'answered':
        return this.#finish(errand, ended.made, { orchestrator: model.id, fallback: null })
      case 'cancelled':
        return this.#gone(errand, { orchestrator: model.id, fallback: null })
      case 'refused':
        throw ended.problem
      case 'fall_back':
        return this.#route(errand, ended, model.id)
    }
  }

  async #route(errand: Errand, why: Why, orchestrator: string | null): Promise<SuperviseResponse> {
    const fallback: FallbackReason | null = why?.reason ?? null
    const told = { orchestrator, fallback }
    if (fallback !== null) {
      const { request_id } = errand.options.caller
      this.#parts.onFallback({ reason: fallback, turns: errand.turns, request_id })
    }
    if (errand.left_ms <= 0) throw this.#timedOut(errand, told)
    const made = await routeInstead(errand, why, this.#parts)
    if (errand.cancelled) return this.#gone(errand, told)
    if (made.done.problem !== null) throw made.done.problem
    if (made.done.timed_out) throw this.#timedOut(errand, told)
    if (made.done.result === null) throw this.#failed(errand, made.done.outcome, told)
    return this.#finish(errand, made, told)
  }

  #finish(errand: Errand, made: Made, told: Told): SuperviseResponse {
    const status = made.done.result?.truncated === true ? 'partial' : 'succeeded'
    return answerOf({ errand, made, status, ...told }, this.#parts.models)
  }

  #gone(errand: Errand, told: Told): SuperviseResponse {
    return answerOf({ errand, made: null, status: 'cancelled', ...told }, this.#parts.models)
  }

  #failed(errand: Errand, code: string, told: Told): Problem {
    const supervised = answerOf({ errand, made: null, status: 'failed', ...told }, this.#parts.models)
    return new Problem('run_failed', `No model has answered (${code}). See supervised.`, { members: { supervised } })
  }

  #timedOut(errand: Errand, told: Told): Problem {
    const supervised = answerOf({ errand, made: null, status: 'failed', ...told }, this.#parts.models)
    const detail = 'The task passed its deadline before a model had answered. See supervised.'
    return new Problem('run_timeout', detail, { members: { supervised } })
  }
}

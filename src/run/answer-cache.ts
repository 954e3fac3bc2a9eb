import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Outcome } from '../contract/outcome.ts'
import type { Model, UserMessage } from '../models/port.ts'
import type { PlanTask } from '../plan/plan.ts'

/** Of an outcome what is told again when its answer is. */
export type KnownAnswer = Pick<
  Outcome,
  'content' | 'model' | 'backend' | 'gpu' | 'tokens' | 'prompt_tokens' | 'finish_reason' | 'simulated' | 'warnings'
>

/** What an entry takes beside its text, about. */
const ENTRY_BYTES = 1000

export interface AnswerCacheOptions {
  /** Of all texts together. */
  max_bytes: number
  /** How long an answer counts, in ms. */
  ttl_ms: number
}

/**
 * Answers to tasks that allow it, kept in this process only: the texts are clinical. The key is a hash of everything that an
 * answer depends on, the tenant first, so that none is ever given to another tenant, or after a change of prompt or model.
 */
export class AnswerCache {
  readonly #answers: LRUCache<string, KnownAnswer>

  constructor({ max_bytes, ttl_ms }: AnswerCacheOptions) {
    this.#answers = new LRUCache({
      maxSize: max_bytes,
      sizeCalculation: ({ content }) => ENTRY_BYTES + 2 * (content?.length ?? 0),
      ttl: ttl_ms,
    })
  }

  get entries(): number {
    return this.#answers.size
  }

  find(key: string): KnownAnswer | null {
    return this.#answers.get(key) ?? null
  }

  /** Keeps a whole answer. */
  keep(key: string, outcome: Outcome): void {
    const { content, model, backend, gpu, tokens, prompt_tokens, finish_reason, simulated, warnings } = outcome
    const known = { content, model, backend, gpu, tokens, prompt_tokens, finish_reason, simulated, warnings }
    this.#answers.set(key, known)
  }
}

/** The key of what a tenant asks of a model, whoever of its callers asks. */
export function answerKey(tenant: string, model: Model, task: PlanTask, user: UserMessage): string {
  const { system, chat, max_tokens, temperature } = task
  const before = chat === null ? system : [chat.before_json, chat.further_json, chat.thinking ?? false]
  const parts = [tenant, model.id, model.url, model.served_model, before, user.toString(), max_tokens, temperature]
  return hash('sha256', JSON.stringify(parts))
}

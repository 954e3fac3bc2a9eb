import { type Outcome, UNTOUCHED } from '../contract/outcome.ts'
import type { Model, UserMessage } from '../models/port.ts'
import type { PlanTask } from '../plan/plan.ts'
import { type AnswerCache, answerKey } from './answer-cache.ts'
import type { RunContext } from './run-context.ts'
import { tryTask } from './task.ts'
import type { Workshop } from './workshop.ts'

/** Only of the model that was asked for: what a fallback says is not what that model would say. */
const isWorthKeeping = ({ status, truncated, model }: Outcome, asked: Model): boolean =>
  status === 'succeeded' && !truncated && model === asked.id

async function withCache(
  answers: AnswerCache,
  shop: Workshop,
  run: RunContext,
  task: PlanTask,
  user: UserMessage,
): Promise<Outcome> {
  const [asked] = shop.chainOf(task)
  if (asked === undefined) return tryTask(shop, run, task, user)
  const key = answerKey(run.claimant.tenant, asked, task, user)
  const known = answers.find(key)
  if (known !== null) {
    const now = performance.now() - run.t0
    return { ...UNTOUCHED, ...known, status: 'succeeded', cached: true, started_at_ms: now, ended_at_ms: now }
  }
  const outcome = await tryTask(shop, run, task, user)
  if (isWorthKeeping(outcome, asked)) answers.keep(key, outcome)
  return outcome
}

/**
 * Runs one task whose dependencies have succeeded; where it allows that, by an answer that was given before. Resolves with how it
 * ended.
 */
export function runTask(shop: Workshop, run: RunContext, task: PlanTask, user: UserMessage): Promise<Outcome> {
  const { answers } = shop
  return task.cache && answers !== null ? withCache(answers, shop, run, task, user) : tryTask(shop, run, task, user)
}

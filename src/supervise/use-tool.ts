import type { RoutingDecision } from '../contract/routing.ts'
import type { Choice } from '../routing/orchestrator/read-turn.ts'
import type { Errand, Made } from './errand.ts'
import { pairOf } from './offers.ts'
import { type Done, runTask } from './one-task.ts'
import type { SupervisorParts } from './port.ts'
import { asChosen } from './routed.ts'

/** Longest query, as in the model's training. */
const QUERY_CHARS = 390

const QUERY = /<query>([\s\S]*?)(?:<\/query>|$)/

/** The query in a text; all of it where the writer has left out the marks. */
function queryIn(text: string, problem: string): string {
  const query = (QUERY.exec(text)?.[1] ?? text).trim()
  return (query === '' ? problem : query).slice(0, QUERY_CHARS)
}

/** What became of a tool's call. */
export type Used =
  /** Its text is the answer. */
  | { kind: 'answered'; made: Made }
  /** The task goes on, with more known or one model less. */
  | { kind: 'on' }
  | { kind: 'over'; why: 'time' | 'budget' }

function ask({ tool, expert }: Choice, errand: Errand, { execute }: SupervisorParts): Promise<Done> {
  const { request, options, wishes, work } = errand
  const system = request.system_prompt
  return runTask(
    execute,
    [
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      { role: 'user', content: tool.ask(work) },
    ],
    { model: expert.card.id, max_tokens: tool.max_tokens, temperature: 0.7, phi: wishes.phi },
    { timeout_ms: errand.orchestrated_left_ms, max_cost: errand.left_cost },
    options,
  )
}

/** Searches for what a model has asked for. Returns what the trace says. */
async function look(text: string, errand: Errand, { search }: SupervisorParts): Promise<string> {
  if (search === null) return 'unavailable'
  const { caller, cancel } = errand.options
  const patience = { deadline: performance.now() + errand.orchestrated_left_ms, ...(cancel && { cancel }) }
  const found = await search(caller, queryIn(text, errand.request.task), patience)
  if (found === null) return 'unavailable'
  return errand.found(found) > 0 ? 'ok' : 'nothing_found'
}

/** The choice as the router would tell it. */
function chosen(choice: Choice, errand: Errand, { orchestrator }: SupervisorParts): RoutingDecision | null {
  const tools = errand.trace.flatMap(({ step, tool }) => (step === 'tool' && tool !== null ? [tool] : []))
  const decision = errand.decisions.get(choice.tool.name)
  return decision === undefined ? null : asChosen(decision, choice, orchestrator?.id ?? '', tools)
}

/** Does what the orchestrator model chose: one run of one task on the model that it named. */
export async function useTool(choice: Choice, turn: number, errand: Errand, parts: SupervisorParts): Promise<Used> {
  const { tool, expert } = choice
  const model = expert.card.id
  const done = await ask(choice, errand, parts)
  const outcome =
    done.result !== null && tool.gives === 'query' ? await look(done.result.content, errand, parts) : done.outcome
  errand.note({ turn, step: 'tool', tool: tool.name, alias: expert.alias, model, outcome, ignored: [] }, done)
  if (done.result === null) {
    if (done.outcome === 'budget_exceeded') return { kind: 'over', why: 'budget' }
    if (done.timed_out) return { kind: 'over', why: 'time' }
  }
  if (done.result === null || outcome === 'unavailable') {
    errand.failed.add(pairOf(tool.name, model))
    return { kind: 'on' }
  }
  errand.used(model)
  if (tool.gives === 'answer') return { kind: 'answered', made: { done, routing: chosen(choice, errand, parts) } }
  if (tool.gives === 'note') errand.learn({ tool: tool.name, by: expert.alias, text: done.result.content })
  return { kind: 'on' }
}

import type { RoutingDecision } from '../contract/routing.ts'
import { Problem, type ProblemCode } from '../errors.ts'
import type { Expert, Offer } from '../routing/orchestrator/offer.ts'
import type { Tool } from '../routing/orchestrator/tool.ts'
import { fullContext } from '../routing/orchestrator/work.ts'
import type { Errand } from './errand.ts'
import type { Models, SupervisorParts } from './port.ts'

/** Refusals of the router: no model may serve it, or none is there now. */
const NO_MODEL: ReadonlySet<string> = new Set<ProblemCode>(['no_model', 'models_away'])

/** Models of one tool: the model was trained with three to six. */
const MOST_EXPERTS = 6

export const pairOf = (tool: string, model: string): string => `${tool} ${model}`

/** What the router says of a tool's work now; null: no model may serve it. */
function decisionFor(tool: Tool, errand: Errand, models: Models): RoutingDecision | null {
  const { work, wishes, classification, left_cost, request } = errand
  const chars = work.problem.length + fullContext(work).length + (request.system_prompt?.length ?? 0)
  try {
    return models.choose({
      ...wishes,
      tiers: null,
      domain: tool.domain ?? null,
      kind: 'chat',
      max_cost: left_cost,
      classification,
      prompt_tokens: models.promptTokens(chars),
      max_tokens: tool.max_tokens,
    })
  } catch (error) {
    if (error instanceof Problem && NO_MODEL.has(error.code)) return null
    throw error
  }
}

/** The models that may serve a tool now, by the router's gates: the most suitable, those of the tool's tier first. */
function openModels(tool: Tool, errand: Errand, models: Models): string[] {
  const decision = decisionFor(tool, errand, models)
  if (decision === null) return []
  errand.decisions.set(tool.name, decision)
  const open = decision.table.filter(({ gate, model }) => gate === null && !errand.failed.has(pairOf(tool.name, model)))
  const own = open.filter(({ tier }) => tier === tool.default_tier)
  const others = open.filter(({ tier }) => tier !== tool.default_tier)
  return [...own, ...others].slice(0, MOST_EXPERTS).map(({ model }) => model)
}

/** Gives models their numbers: the best gets 1, as in the model's training; one that comes later gets the next. */
function expertsOf(tool: Tool, errand: Errand, models: Models): Expert[] {
  const open = openModels(tool, errand, models).map((model) => models.card(model))
  open.sort((a, b) => b.quality - a.quality || (a.id < b.id ? -1 : 1))
  const numbered = errand.aliases.get(tool.name) ?? []
  for (const { id } of open) if (!numbered.includes(id)) numbered.push(id)
  errand.aliases.set(tool.name, numbered)
  return open
    .map((card) => ({ at: numbered.indexOf(card.id), card }))
    .sort((a, b) => a.at - b.at)
    .map(({ at, card }) => ({ alias: `${tool.alias}-${at + 1}`, card, measured: models.measured(card.id) }))
}

/** The tools that are of use now, each with the models that may serve it. */
export function offersFor(errand: Errand, { tools, offered, search, models }: SupervisorParts): Offer[] {
  const offers: Offer[] = []
  for (const tool of tools.values()) {
    if (!offered.has(tool.name) || (tool.gives === 'query' && search === null)) continue
    if (errand.work.notes.length < (tool.needs_notes ?? 0)) continue
    const [first, ...rest] = expertsOf(tool, errand, models)
    if (first !== undefined) offers.push({ tool, experts: [first, ...rest] })
  }
  return offers
}

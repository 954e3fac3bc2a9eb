import type { ModelCard } from '../../../../src/contract/model-card.ts'
import { resolveCard } from '../../../../src/routing/cards/resolve.ts'
import { CATALOGUE } from '../../../../src/routing/orchestrator/catalogue.ts'
import type { Expert, Measured, Offer } from '../../../../src/routing/orchestrator/offer.ts'
import type { Tool } from '../../../../src/routing/orchestrator/tool.ts'

export const toolNamed = (name: string): Tool => CATALOGUE.find((tool) => tool.name === name) as Tool

export const card = (id: string, more: Partial<ModelCard> = {}): ModelCard => ({
  ...resolveCard({ id, served_model: id, context_window: null }),
  ...more,
})

export const expert = (alias: string, more: Partial<ModelCard> = {}, measured: Partial<Measured> = {}): Expert => ({
  alias,
  card: card(`model-of-${alias}`, more),
  measured: { latency_ms: null, ms_per_token: null, ...measured },
})

/** A tool with so many models. */
export function offer(name: string, count = 2): Offer {
  const tool = toolNamed(name)
  const [first, ...rest] = Array.from({ length: count }, (_, at) => expert(`${tool.alias}-${at + 1}`))
  return { tool, experts: [first as Expert, ...rest] }
}

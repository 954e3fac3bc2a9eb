import { DOMAINS, isCloud, isTaskType, type ListedCard, type ModelCard } from '../../contract/model-card.ts'
import { KNOWN_CARDS, type KnownCard } from './known.ts'

/** A model of the roster, as far as its card goes. */
export interface CardSource {
  id: string
  served_model: string
  context_window: number | null
  /** @default {}, nothing listed */
  card?: ListedCard
}

const NOTHING: KnownCard = {}

const knownOf = ({ id, served_model }: CardSource): KnownCard | undefined =>
  KNOWN_CARDS.get(served_model.toLowerCase()) ?? KNOWN_CARDS.get(id.toLowerCase())

function split(traits: readonly string[]) {
  return { types: traits.filter(isTaskType), remarks: traits.filter((trait) => !isTaskType(trait)) }
}

function sourceOf({ speed, quality }: ListedCard, known: KnownCard | undefined): ModelCard['source'] {
  if (speed !== undefined && quality !== undefined) return 'roster'
  return known === undefined ? 'default' : 'known'
}

/**
 * The whole card of a model: field by field what the roster lists, else what is known of the model by its
 * `served_model` or id, else the default. A model that is listed as strong at something is not weak at it, whatever is
 * known of it.
 */
export function resolveCard(model: CardSource): ModelCard {
  const { card: listed = NOTHING } = model
  const known = knownOf(model)
  const card: KnownCard = { ...known, ...listed }
  const strong = split(card.strengths ?? [])
  const weak = split(card.weaknesses ?? [])
  const tier = card.tier ?? 'LOCAL_LARGE'
  return {
    id: model.id,
    kind: card.kind ?? 'chat',
    tier,
    cloud: isCloud(card),
    speed: card.speed ?? 5,
    quality: card.quality ?? 5,
    strengths: strong.types.filter((type) => !(listed.weaknesses ?? []).includes(type)),
    weaknesses: weak.types.filter((type) => !(listed.strengths ?? []).includes(type)),
    remarks: { strengths: strong.remarks, weaknesses: weak.remarks },
    domains: card.domains ?? [...DOMAINS],
    main_domain: card.domains?.[0] ?? null,
    context_window: model.context_window ?? known?.context_window ?? null,
    max_output: card.max_output ?? null,
    memory_gb: card.memory_gb ?? null,
    price: card.price ?? { input: 0, output: 0 },
    source: sourceOf(listed, known),
  }
}

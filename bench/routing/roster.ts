import type { ListedCard, ModelCard, Price } from '../../src/contract/model-card.ts'
import { resolveCard } from '../../src/routing/cards/resolve.ts'

/** The large cloud model that everything is compared with. */
export const CLOUD_LARGE = 'cloud-large'

/** Built-in cards: the specialists of the hospital, and what an Ollama beside them serves. Context as it is often set. */
const LOCAL = [
  ['BioMistral-Clinical-7B', 4096],
  ['BiMediX2-8B', 8192],
  ['OpenInsurance-LLaMA3-8B', 8192],
  ['Tiny-LLaMA-1.1B-Medical', 2048],
  ['Tiny-LLaMA-1.1B-Chat', 2048],
  ['llama3.1:8b-instruct-q4_K_M', 16_384],
  ['qwen2.5:14b-instruct-q4_K_M', 16_384],
  ['qwen2.5-coder:7b-instruct-q4_K_M', 16_384],
  ['ministral-3:8b', 16_384],
] as const

/**
 * Two cloud models, as a vendor sells them. Prices are assumptions in the range of public price lists, in US dollars per
 * million tokens; so are the ratings.
 */
const CLOUD: Readonly<Record<string, ListedCard>> = {
  'cloud-small': {
    tier: 'CLOUD_SMALL',
    speed: 8,
    quality: 8,
    strengths: ['SIMPLE', 'WRITING', 'EXPLORATION'],
    price: { input: 0.15, output: 0.6 },
  },
  [CLOUD_LARGE]: {
    tier: 'CLOUD_LARGE',
    speed: 6,
    quality: 9.5,
    strengths: ['CODING', 'REASONING', 'EXPLORATION', 'WRITING', 'ANALYSIS', 'CREATIVE', 'RESEARCH'],
    price: { input: 2.5, output: 10 },
  },
}

/** Dollars per second of a GPU that is rented for about $0.7 an hour and works on one call at a time: the dear end. */
export const RENTED_GPU: Price = { gpu_second: 0.0002 }

/** The mixed roster, local models free as their cards say, or at another price. */
export const mixedRoster = (local?: Price): ModelCard[] => [
  ...LOCAL.map(([id, context_window]) =>
    resolveCard({ id, served_model: id, context_window, ...(local && { card: { price: local } }) }),
  ),
  ...Object.entries(CLOUD).map(([id, card]) => resolveCard({ id, served_model: id, context_window: 128_000, card })),
]

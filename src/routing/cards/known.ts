import type { ListedCard } from '../../contract/model-card.ts'

/** What is known of a model that a roster may hold. */
export interface KnownCard extends ListedCard {
  /** Tokens that the model was made for; its server may be set to fewer. */
  context_window?: number
}

const SPECIALIST = { tier: 'SPECIALIST', memory_gb: 6 } as const satisfies KnownCard
const TINY = { tier: 'LOCAL_SMALL', speed: 10, memory_gb: 1.5 } as const satisfies KnownCard

/**
 * Cards by id or `served_model`, in lower case. Ratings are estimates: by size, by what a model was trained for, by
 * what its makers say. Nobody measured them here; a roster entry replaces what it lists.
 */
export const KNOWN_CARDS: ReadonlyMap<string, KnownCard> = new Map<string, KnownCard>([
  [
    'biomistral-clinical-7b',
    {
      ...SPECIALIST,
      speed: 7,
      quality: 7,
      strengths: ['ANALYSIS', 'WRITING', 'clinical notes'],
      weaknesses: ['CODING', 'CREATIVE'],
      domains: ['clinical'],
    },
  ],
  [
    'bimedix2-8b',
    {
      ...SPECIALIST,
      speed: 7,
      quality: 7.5,
      strengths: ['REASONING', 'RESEARCH', 'medical questions'],
      weaknesses: ['CODING'],
      domains: ['clinical', 'general'],
    },
  ],
  [
    'openinsurance-llama3-8b',
    {
      ...SPECIALIST,
      speed: 7,
      quality: 6.5,
      strengths: ['ANALYSIS', 'WRITING', 'insurance and claims'],
      weaknesses: ['CODING', 'CREATIVE'],
      domains: ['billing', 'general'],
    },
  ],
  [
    'tiny-llama-1.1b-medical',
    {
      ...TINY,
      quality: 3,
      strengths: ['SIMPLE', 'sorting by urgency'],
      weaknesses: ['CODING', 'REASONING', 'EXPLORATION', 'WRITING', 'ANALYSIS', 'CREATIVE', 'RESEARCH'],
      domains: ['clinical'],
    },
  ],
  [
    'tiny-llama-1.1b-chat',
    {
      ...TINY,
      quality: 2.5,
      strengths: ['SIMPLE', 'small talk'],
      weaknesses: ['CODING', 'REASONING', 'EXPLORATION', 'WRITING', 'ANALYSIS', 'RESEARCH'],
      domains: ['general'],
    },
  ],
  [
    'llama3.1:8b-instruct-q4_k_m',
    {
      tier: 'LOCAL_SMALL',
      speed: 9,
      quality: 7,
      strengths: ['SIMPLE', 'WRITING', 'EXPLORATION'],
      context_window: 131_072,
      memory_gb: 6,
    },
  ],
  [
    'qwen2.5:14b-instruct-q4_k_m',
    {
      tier: 'LOCAL_LARGE',
      speed: 6,
      quality: 8.5,
      strengths: ['REASONING', 'ANALYSIS', 'RESEARCH', 'WRITING'],
      context_window: 32_768,
      memory_gb: 11,
    },
  ],
  [
    'qwen2.5-coder:7b-instruct-q4_k_m',
    {
      tier: 'LOCAL_SMALL',
      speed: 8,
      quality: 8,
      strengths: ['CODING', 'programs'],
      weaknesses: ['CREATIVE', 'WRITING'],
      domains: ['code', 'general'],
      context_window: 32_768,
      memory_gb: 6,
    },
  ],
  [
    'ministral-3:8b',
    {
      tier: 'LOCAL_SMALL',
      speed: 7,
      quality: 7.5,
      strengths: ['CREATIVE', 'EXPLORATION', 'ANALYSIS', 'many languages'],
      context_window: 262_144,
      memory_gb: 8,
    },
  ],
])

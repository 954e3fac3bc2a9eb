import type { Price } from '../contract/model-card.ts'

const PER_TOKENS = 1_000_000
/** What a chat template may add around the messages of one call. */
const TEMPLATE_TOKENS = 64
/**
 * In the text that we have seen a token has 2.5 to 4 characters or more; what is not ASCII has more bytes than
 * characters.
 */
const USUAL_BYTES = 3

export interface CallSize {
  prompt_tokens: number
  /** Most that may be written. */
  max_tokens: number
  /** Most that a GPU may work on it. */
  seconds: number
}

/** What a server says that a call took; null where it does not say. */
export interface Usage {
  prompt_tokens: number | null
  completion_tokens: number | null
  seconds: number | null
}

const token = (tokens: number, per_million: number): number => (tokens * per_million) / PER_TOKENS

/** No tokenizer makes more tokens than there are bytes. For what must never be passed: reservations. */
export const mostPromptTokens = (bytes: number): number => bytes + TEMPLATE_TOKENS

/** For what is compared or shown: what a prompt of so many bytes usually has. */
export const usualPromptTokens = (bytes: number): number => Math.ceil(bytes / USUAL_BYTES) + TEMPLATE_TOKENS

/**
 * Most that one call can cost, in US dollars:
 * `prompt_tokens × input / 10^6 + max_tokens × output / 10^6`, or `seconds × gpu_second`.
 * It holds if the sizes do: `mostPromptTokens` for the prompt, and for `seconds` the deadline of the call.
 */
export function worstCost(price: Price, { prompt_tokens, max_tokens, seconds }: CallSize): number {
  if ('gpu_second' in price) return seconds * price.gpu_second
  return token(prompt_tokens, price.input) + token(max_tokens, price.output)
}

/**
 * What a call has cost by the usage that its server reports, in US dollars. What it does not report counts with the
 * most that was possible, so that a silent server is never cheaper than one that tells.
 */
export function actualCost(price: Price, usage: Usage, most: CallSize): number {
  return worstCost(price, {
    prompt_tokens: usage.prompt_tokens ?? most.prompt_tokens,
    max_tokens: usage.completion_tokens ?? most.max_tokens,
    seconds: usage.seconds ?? most.seconds,
  })
}

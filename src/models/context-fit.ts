/** How many characters make a token, at most and at least, in the clinical text that we have seen. */
const MOST_CHARS = 4
const LEAST_CHARS = 2.5
/** Fewer tokens than this says: so few that the server may have cut the prompt. */
const SUSPICIOUS_CHARS = 5

export interface PromptSize {
  chars: number
  max_tokens: number
  /** Tokens per slot, prompt and answer together. */
  window: number
}

/**
 * Whether a prompt and its answer fit, by its length alone: `overflow` when even 4 characters per token do not,
 * `fits` when 2.5 do, else `uncertain`: send, and look at the server's count afterwards.
 */
export function estimateFit({ chars, max_tokens, window }: PromptSize): 'fits' | 'uncertain' | 'overflow' {
  if (Math.ceil(chars / MOST_CHARS) + max_tokens > window) return 'overflow'
  return Math.ceil(chars / LEAST_CHARS) + max_tokens <= window ? 'fits' : 'uncertain'
}

/** Why a prompt was not sent, in numbers. `exact`: as the server's tokenizer counts it, else null. */
export function overflowMessage(exact: number | null, { chars, max_tokens, window }: PromptSize): string {
  const prompt = exact === null ? `at least about ${Math.ceil(chars / MOST_CHARS)}` : String(exact)
  return `The prompt has ${prompt} tokens; with its max_tokens of ${max_tokens} that passes the context window of ${window} tokens.`
}

/** No tokenizer makes more tokens than there are bytes: below this nothing needs to be counted. */
export const surelyFits = (bytes: number, { max_tokens, window }: PromptSize): boolean => bytes + max_tokens <= window

export interface CutEvidence {
  /** As counted by the server's own tokenizer beforehand; null when there is none. */
  exact: number | null
  prompt_tokens: number
  tokens: number | null
  window: number | null
}

/** Whether the server's counts show that it dropped part of the prompt. */
export function showsCut({ exact, prompt_tokens, tokens, window }: CutEvidence): boolean {
  if (exact !== null) return prompt_tokens < exact
  return window !== null && prompt_tokens + (tokens ?? 0) >= window
}

/** So few tokens for so much text that it is worth asking the tokenizer. */
export const looksCut = (chars: number, prompt_tokens: number): boolean => prompt_tokens < chars / SUSPICIOUS_CHARS

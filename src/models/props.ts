import { readSlots, type ToldSlots } from './slots.ts'

const MAX_TOKENS = 100_000_000

/** Tokens of a context; null for what cannot be one. llama.cpp's router says 0 while it has no model loaded. */
export const readTokens = (value: unknown): number | null =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) <= MAX_TOKENS ? (value as number) : null

/** llama.cpp's `GET /props`: `--parallel`, and the context of one slot. */
export function readProps(body: unknown): { slots: ToldSlots | null; context_window: number | null } {
  const props = body as { total_slots?: unknown; default_generation_settings?: { n_ctx?: unknown } | null } | null
  const count = readSlots(props?.total_slots)
  return {
    slots: count === null ? null : { count, source: 'server', exact: true },
    context_window: readTokens(props?.default_generation_settings?.n_ctx),
  }
}

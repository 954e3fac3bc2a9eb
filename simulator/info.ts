import { isObject, parseJson } from './request.ts'
import { tokenIds } from './tokens.ts'

export interface ServerFacts {
  model: string
  slots: number
  context_window: number
}

/** GET /v1/models, as llama.cpp words it. */
export const modelList = ({ model, context_window }: ServerFacts) => ({
  object: 'list',
  data: [
    { id: model, object: 'model', created: 0, owned_by: 'consilium-simulator', meta: { n_ctx_train: context_window } },
  ],
})

/** GET /props: `n_ctx` is the context of one slot. */
export const props = ({ model, slots, context_window }: ServerFacts) => ({
  total_slots: slots,
  model_path: model,
  default_generation_settings: { n_ctx: context_window },
})

/** POST /tokenize: `{content}` → `{tokens}`; null when the body holds no text. */
export function tokenize(body: string): { tokens: number[] } | null {
  const given = parseJson(body)
  return isObject(given) && typeof given.content === 'string' ? { tokens: tokenIds(given.content) } : null
}

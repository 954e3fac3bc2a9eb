import { readTokens } from './props.ts'

/** Ollama's `GET /api/version`; no other server that we know has the route. */
export const isOllama = (body: unknown): boolean => typeof (body as { version?: unknown } | null)?.version === 'string'

/** Ollama's `GET /api/ps`: the context of a model that is loaded now; older versions do not tell. */
export function readLoadedContext(body: unknown, served_model: string): number | null {
  const models = (body as { models?: unknown } | null)?.models
  if (!Array.isArray(models)) return null
  const names = [served_model, `${served_model}:latest`]
  const loaded = (models as ({ name?: unknown; context_length?: unknown } | null)[]).find((model) =>
    names.includes(model?.name as string),
  )
  return readTokens(loaded?.context_length)
}

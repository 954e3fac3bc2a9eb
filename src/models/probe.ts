import type { CancelSignal } from '../contract/cancel.ts'
import type { ModelServer } from './server.ts'

/** Takes a finding about a server: ids and numbers only. */
export type ProbeLog = (finding: {
  model: string
  finding: 'smaller_context' | 'reachable' | 'unreachable'
  listed?: number
  served?: number
}) => void

const PATIENCE_MS = 2000

const NEVER: CancelSignal = { cancelled: false, onCancel: () => () => undefined }

/** A size of 0 is how llama.cpp's router says that it has no model loaded. */
const readSize = (value: unknown): number | null =>
  Number.isInteger(value) && (value as number) > 0 ? (value as number) : null

/** llama.cpp's `/props`; the size of one slot's context. */
function readProps(body: unknown): number | null {
  const settings = (body as { default_generation_settings?: { n_ctx?: unknown } } | null)?.default_generation_settings
  return readSize(settings?.n_ctx)
}

/** vLLM's `/v1/models`. */
function readModels(body: unknown): number | null {
  const data = (body as { data?: { max_model_len?: unknown }[] } | null)?.data
  return readSize(Array.isArray(data) ? data[0]?.max_model_len : undefined)
}

/** Asks a server whether it is there and how large its context really is. Never rejects. */
export async function probe(server: ModelServer, log: ProbeLog): Promise<void> {
  const { client, model } = server
  const before = server.reachable
  const deadline = performance.now() + PATIENCE_MS
  server.probed(await client.answers(deadline, NEVER))
  if (server.reachable !== before) log({ model: model.id, finding: server.reachable ? 'reachable' : 'unreachable' })
  if (!server.reachable || client.facts.context_window !== null) return

  const [props, models] = await Promise.all([
    client.get('/props', deadline, NEVER),
    client.get('/v1/models', deadline, NEVER),
  ])
  const served = readProps(props) ?? readModels(models)
  client.facts.context_window = served
  if (served !== null && model.context_window !== null && served < model.context_window)
    log({ model: model.id, finding: 'smaller_context', listed: model.context_window, served })
}

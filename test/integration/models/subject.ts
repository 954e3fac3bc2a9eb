import { onTestFinished } from 'vitest'
import type { CancelSignal } from '../../../src/contract/cancel.ts'
import { type ClientOptions, ModelClient } from '../../../src/models/client.ts'
import type { Model, ModelRequest } from '../../../src/models/port.ts'

/** For calls that nobody gives up. */
export const UNCANCELLED: CancelSignal = { cancelled: false, onCancel: () => () => undefined }

export const modelAt = (url: string, parts: Partial<Model> = {}): Model => ({
  id: 'test-model',
  url,
  gpu: 0,
  slots: 1,
  context_window: null,
  served_model: 'served-name',
  api_key: null,
  ...parts,
})

/** A client of the server at `url`; its connections end with the test. */
export function clientOf(url: string, parts: Partial<Model> = {}, options: ClientOptions = {}): ModelClient {
  const client = new ModelClient(modelAt(url, parts), options)
  onTestFinished(() => client.close())
  return client
}

const PATIENT = 10_000

/** A small request. `within_ms` is its deadline from now. */
export const ask = ({
  within_ms = PATIENT,
  ...parts
}: Partial<ModelRequest> & { within_ms?: number } = {}): ModelRequest => ({
  system: 'You write summaries.',
  user: 'Jane Roe, chest pain.',
  max_tokens: 64,
  temperature: 0.3,
  on_delta: null,
  deadline: performance.now() + within_ms,
  ...parts,
})

/** Asks once, with patience and without cancelling. */
export const complete = (client: ModelClient, parts: Parameters<typeof ask>[0] = {}) =>
  client.complete(ask(parts), UNCANCELLED)

/** Asks for a stream: how it ended, and the pieces that were handed on. */
export async function listen(client: ModelClient, parts: Parameters<typeof ask>[0] = {}) {
  const deltas: string[] = []
  const result = await complete(client, { ...parts, on_delta: (delta) => deltas.push(delta) })
  return { result, deltas, text: deltas.join('') }
}

import type { CancelSignal } from '../contract/cancel.ts'
import type { ModelClient } from './client.ts'
import { isOllama, readLoadedContext } from './ollama.ts'
import { readProps } from './props.ts'
import type { ToldSlots } from './slots.ts'
import { readMaxModelLen, readRoom } from './vllm.ts'

/** What a server tells about itself; null: not told this time. */
export interface ToldFacts {
  /** Tokens per slot. */
  context_window: number | null
  slots: ToldSlots | null
}

export interface FactsRequest {
  /** On the clock of performance.now(): what has not come by then is not told. */
  deadline: number
  cancel: CancelSignal
  /** OLLAMA_NUM_PARALLEL as the service was told it: Ollama itself tells nobody. */
  ollama_parallel: number | null
}

/** Asks llama.cpp's, vLLM's and Ollama's routes, one after the other until one knows. Never rejects. */
export async function readFacts(client: ModelClient, request: FactsRequest): Promise<ToldFacts> {
  const { deadline, cancel, ollama_parallel } = request
  const get = (path: string) => client.get(path, deadline, cancel)
  const llama = readProps(await get('/props'))
  if (llama.slots !== null) return llama

  const max_model_len = readMaxModelLen(await get('/v1/models'))
  if (max_model_len !== null) {
    const metrics = await client.text('/metrics', deadline, cancel)
    return { context_window: max_model_len, slots: metrics === null ? null : readRoom(metrics, max_model_len) }
  }

  if (llama.context_window !== null || !isOllama(await get('/api/version'))) return llama
  return {
    context_window: readLoadedContext(await get('/api/ps'), client.model.served_model),
    slots: ollama_parallel === null ? null : { count: ollama_parallel, source: 'environment', exact: true },
  }
}

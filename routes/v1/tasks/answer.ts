import type { ExecuteResponse, TaskResult } from '../../../src/contract/result.ts'
import type { TaskAnswer } from '../../../src/contract/tasks.ts'

/** The one task of a run that has succeeded, with what became of its memory. */
export function answerOf(response: ExecuteResponse, memory: TaskAnswer['memory']): TaskAnswer {
  const { run_id, status, success, total_latency_ms, metadata } = response
  const result = response.results[0] as TaskResult
  const { model, routing = null, tokens, prompt_tokens, latency_ms, queue_ms, gpu, truncated, warnings } = result
  const used = routing?.table.find((row) => row.model === model)
  return {
    run_id,
    status,
    success,
    content: result.content ?? '',
    model,
    citations: result.citations ?? [],
    memory,
    routing,
    metadata: {
      task_type: routing?.task_type ?? null,
      confidence: routing?.confidence ?? null,
      reasoning: routing?.reasoning ?? null,
      tier_used: used?.tier ?? null,
      cost: metadata.cost ?? 0,
      tokens,
      prompt_tokens,
      latency_ms,
      total_latency_ms,
      queue_ms,
      gpu,
      truncated,
      cached: result.cached ?? false,
      simulated: metadata.simulated,
      warnings,
    },
  }
}

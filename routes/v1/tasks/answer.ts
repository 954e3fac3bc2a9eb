import type { ExecuteResponse, TaskResult } from '../../../src/contract/result.ts'
import type { TaskAnswer } from '../../../src/contract/tasks.ts'

/** Why this model: the choice, and what became of the chosen one where another answered. */
const reasoningOf = ({ routing, fallback_reason }: TaskResult): string | null => {
  const parts = [routing?.reasoning, fallback_reason].filter((part) => part !== undefined)
  return parts.length === 0 ? null : parts.join(' ')
}

/** The one task of a run that has succeeded, with what became of its memory. */
export function answerOf(response: ExecuteResponse, memory: TaskAnswer['memory']): TaskAnswer {
  const { run_id, status, success, total_latency_ms, metadata } = response
  const result = response.results[0] as TaskResult
  const {
    model,
    planned_model,
    routing = null,
    tokens,
    prompt_tokens,
    latency_ms,
    queue_ms,
    gpu,
    truncated,
    warnings,
  } = result
  const used = routing?.table.find((row) => row.model === model)
  return {
    run_id,
    status,
    success,
    content: result.content ?? '',
    model,
    planned_model,
    citations: result.citations ?? [],
    memory,
    routing,
    metadata: {
      task_type: routing?.task_type ?? null,
      confidence: routing?.confidence ?? null,
      reasoning: reasoningOf(result),
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

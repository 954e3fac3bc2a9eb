import type { ExecuteOptions, Service } from '../../../src/contract/service.ts'
import type { TaskType } from '../../../src/contract/task-type.ts'

/** Share of a request's time that may go by before its kind is known. */
const ASKING_SHARE = 1 / 2

export interface Heard {
  /** By a small model's word; null: nobody was asked, or said nothing of use. */
  kind: TaskType | null
  /** What is left of the request's time, in ms; undefined where it has no bound. */
  timeout_ms: number | undefined
}

/**
 * What kind of work a text is by a small model's word, where the service asks one. Not for a request with a key: sent again it must
 * be the same, whatever that model says then.
 */
export async function hearKind(
  service: Service,
  text: string,
  { caller, cancel, idempotency_key }: ExecuteOptions & { idempotency_key: string | null },
  timeout_ms?: number,
): Promise<Heard> {
  if (idempotency_key !== null) return { kind: null, timeout_ms }
  const began = performance.now()
  const kind = await service.clarify(
    text,
    { caller, ...(cancel && { cancel }) },
    timeout_ms && timeout_ms * ASKING_SHARE,
  )
  if (timeout_ms === undefined) return { kind, timeout_ms }
  return { kind, timeout_ms: Math.max(1, Math.round(timeout_ms - (performance.now() - began))) }
}

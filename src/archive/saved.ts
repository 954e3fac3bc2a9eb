import type { ExecuteRequest } from '../contract/execute.ts'
import type { RunCaller, RunEnd } from '../contract/service.ts'
import type { RunDetail } from '../store/records.ts'

/** What is kept of a request, so that another process can go on with it. */
export interface SavedRequest {
  request: ExecuteRequest
  timeline: boolean
  /** It came with an Idempotency-Key: whoever has that may ask for it again. */
  keyed: boolean
}

export const savedRequest = ({ request }: RunDetail): SavedRequest => request as SavedRequest

/** How the run ended; null while it goes on. */
export const savedEnd = ({ response }: RunDetail): RunEnd | null => response as RunEnd | null

/** Who asked for a stored run. */
export const callerOf = ({ tenant, subject }: Pick<RunDetail, 'tenant' | 'subject'>): RunCaller => ({
  tenant,
  subject,
  request_id: null,
})

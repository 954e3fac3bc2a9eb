import type { CancelSignal } from '../contract/cancel.ts'
import type { RunEnd, SubmitOptions } from '../contract/service.ts'
import { Problem } from '../errors.ts'
import type { Admitted, Orchestrator } from '../orchestrator.ts'
import { Cancellation } from '../run/cancellation.ts'
import type { StoreError } from '../store/errors.ts'
import type { Store } from '../store/port.ts'
import type { Lease, Recorded } from '../store/records.ts'
import { departureNote } from './notes.ts'
import { persist } from './patience.ts'

/** How long a finished run waits for a store that does not take its end, before its caller is refused. */
const PATIENCE_MS = 5000

export interface PlainParts {
  store: Store
  orchestrator: Orchestrator
  now: () => number
  onTrouble: (error: StoreError, run_id: string) => void
}

/**
 * A run for which somebody waits, in two writes: its acceptance, made before, and its end. Nobody gets an answer that is not
 * recorded: throws a Problem when another process has ended the run meanwhile, a StoreError when the store is away.
 * `cancel` ends it; that its caller left is noted with its end.
 */
export async function runPlain(
  { store, orchestrator, now, onTrouble }: PlainParts,
  lease: Lease,
  admitted: Admitted,
  options: SubmitOptions,
  cancel: CancelSignal = cancelledBy(options),
): Promise<RunEnd> {
  const end = (await orchestrator.run(admitted, { ...options, cancel })) as RunEnd
  const { tenant, run_id, epoch } = lease
  const at = now()
  const change = { at, finish: { status: end.response.status, response: end } }
  const departure = hasLeft(options) ? departureNote(options.caller, run_id, at) : null
  const landed = async (): Promise<Recorded | null> => {
    const run = await store.run(tenant, run_id)
    if (run === null || run.finished_at === null || run.epoch !== epoch) return null
    return { ok: true, last_event_id: 0, cancel_requested_at: null, kept: [] }
  }
  const recorded = await persist(() => store.record(lease, change, departure), landed, {
    until: performance.now() + PATIENCE_MS,
    onTrouble: (error) => onTrouble(error, run_id),
  })
  if (recorded.ok) return end
  throw new Problem('not_ready', 'This process was out of reach for so long that the run was ended without it.', {
    retryAfterS: 5,
  })
}

/** Whether whoever asked for it has gone away without an answer. */
export const hasLeft = ({ cancel }: SubmitOptions): boolean => cancel?.cancelled === true

/** Ends a run by its caller's departure, or by a request to cancel it. */
export function cancelledBy(options: SubmitOptions): Cancellation {
  const signal = new Cancellation()
  options.cancel?.onCancel(() => signal.cancel('cancelled'))
  return signal
}

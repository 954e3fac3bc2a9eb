import type { RunFinished } from '../../contract/webhook.ts'
import type { DeliveryKey, DueDelivery } from '../../store/records.ts'

/** The same for every attempt, by which a receiver knows a message again. The signature wants it without a dot. */
export const messageId = ({ run_id, event }: DeliveryKey): string => `${run_id}_${event.replaceAll('.', '_')}`

/** What a webhook is told. Nothing of the caller's words, and not who asked: whoever may know reads the run. */
export const messageOf = ({ run_id, event, workflow_type, run_status, created_at }: DueDelivery): RunFinished => ({
  type: event,
  timestamp: new Date(created_at).toISOString(),
  data: { run_id, workflow_type, status: run_status, url: `/v1/runs/${encodeURIComponent(run_id)}` },
})

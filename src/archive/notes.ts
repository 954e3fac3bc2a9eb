import type { RunCaller } from '../contract/service.ts'
import type { AuditDetails, AuditNote } from '../store/audit/entry.ts'

/** What a caller's action on a run leaves in the audit. */
export const noteOf = (
  { subject }: Pick<RunCaller, 'subject'>,
  action: string,
  run_id: string,
  at: number,
  details: AuditDetails = {},
): AuditNote => ({ at, actor: subject, action, object: `run/${run_id}`, details })

/** What the service does by itself. */
export const SERVICE = { subject: 'service' } as const

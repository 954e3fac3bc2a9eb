import { OWN_ID } from '../contract/own-id.ts'
import type { RunCaller } from '../contract/service.ts'
import type { AuditDetails, AuditNote } from '../store/audit/entry.ts'

/** What a caller's action on a run leaves in the audit. An id that is none of ours is the caller's text and is never recorded. */
export const noteOf = (
  { subject }: Pick<RunCaller, 'subject'>,
  action: string,
  run_id: string,
  at: number,
  details: AuditDetails = {},
): AuditNote => ({ at, actor: subject, action, object: `run/${OWN_ID.test(run_id) ? run_id : '(no id)'}`, details })

/** What a caller leaves that went away before its answer: under this name also where the run goes on without it. */
export const departureNote = (caller: Pick<RunCaller, 'subject'>, run_id: string, at: number): AuditNote =>
  noteOf(caller, 'run.client_disconnected', run_id, at)

/** What the service does by itself. */
export const SERVICE = { subject: 'service' } as const

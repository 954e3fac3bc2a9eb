import type { TaskErrorCode } from '../errors.ts'

/** Failures before a model has worked: nobody asks money for them. */
const UNPAID: ReadonlySet<string> = new Set<TaskErrorCode>([
  'upstream_unreachable',
  'upstream_rejected',
  'rate_limited',
  'context_overflow',
  'egress_refused',
])

/** Whether a call that failed like this costs nothing. */
export const isUnpaid = (code: TaskErrorCode): boolean => UNPAID.has(code)

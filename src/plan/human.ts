import type { Plan } from './plan.ts'

/** Whether a human has to approve something of it: then it may stand still for days, and needs to be kept meanwhile. */
export const needsHuman = ({ approval, tasks }: Pick<Plan, 'approval' | 'tasks'>): boolean =>
  approval !== null || tasks.some(({ requires_approval }) => requires_approval)

import type { Logger } from 'pino'
import { Replicas } from './queue/replicas.ts'

const GOOD_NEWS = new Set(['queue_shared', 'replica_joined'])

/** Joins the replicas that share a Redis; null where this process is alone. */
export const openReplicas = (url: string | null, replica: string, log: Logger): Replicas | null =>
  url === null
    ? null
    : new Replicas({
        url,
        replica,
        log: (finding) => log[GOOD_NEWS.has(finding.finding) ? 'info' : 'warn'](finding, 'replicas'),
      })

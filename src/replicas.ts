import type { Logger } from 'pino'
import type { Replicas } from './queue/replicas.ts'

const GOOD_NEWS = new Set(['queue_shared', 'replica_joined'])

/** Joins the replicas that share a Redis; null where this process is alone. */
export async function openReplicas(url: string | null, replica: string, log: Logger): Promise<Replicas | null> {
  if (url === null) return null
  // BullMQ and its client cost memory and time at the start: only where they are used.
  const { Replicas } = await import('./queue/replicas.ts')
  return new Replicas({
    url,
    replica,
    log: (finding) => log[GOOD_NEWS.has(finding.finding) ? 'info' : 'warn'](finding, 'replicas'),
  })
}

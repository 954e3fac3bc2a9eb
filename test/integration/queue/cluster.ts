import { fileURLToPath } from 'node:url'
import { type ServerProcess, startNode } from '../../helpers/process.ts'
import { until } from '../faults/until.ts'
import type { ReplicaSettings } from './replica.ts'

const SCRIPT = fileURLToPath(new URL('./replica.ts', import.meta.url))

/** Starts replicas a, b, c … and waits until all share the queue. */
export async function startReplicas(
  count: number,
  settings: Omit<ReplicaSettings, 'replica'>,
): Promise<Map<string, ServerProcess>> {
  const replicas = new Map<string, ServerProcess>()
  for (let i = 0; i < count; i++) {
    const replica = String.fromCharCode('a'.charCodeAt(0) + i)
    replicas.set(replica, startNode([SCRIPT, JSON.stringify({ ...settings, replica })]))
  }
  await Promise.all([...replicas.values()].map(({ says }) => says(/^ready$/m)))
  return replicas
}

export interface Waited {
  waited_ms: number
  degraded: boolean
}

/** What the callers of a replica said of their waits. */
export const waitsOf = ({ out }: ServerProcess): Waited[] =>
  out()
    .split('\n')
    .filter((line) => line.startsWith('{"waited_ms"'))
    .map((line) => JSON.parse(line) as Waited)

/** Takes its time: several processes share two cores, and locks run for seconds. */
export const eventually = (met: () => boolean, what: string): Promise<void> => until(met, what, 15_000)

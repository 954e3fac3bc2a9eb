import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { startSimulator } from '../../simulator/simulate.ts'
import { buildApp } from '../../src/app.ts'
import { parseConfig } from '../../src/config.ts'
import type { ExecuteInput } from '../../src/contract/execute.ts'
import { createLogger } from '../../src/telemetry/log.ts'
import { signToken } from '../../src/token.ts'
import { ownDataDir } from '../data-dir.ts'
import { BENCH_SECRET } from '../secret.ts'
import { AGING_MS } from './policies.ts'
import type { SimRun } from './run.ts'

/** By model: an agent that is pinned to it. */
export type AgentOf = ReadonlyMap<string, string>

/** A simulated run as an execute request. Each prompt says how long its answer takes. */
function requestOf({ tasks, graph }: SimRun, agentOf: AgentOf, scale: number): ExecuteInput {
  return {
    workflow_type: 'custom',
    context: {},
    custom_tasks: tasks.map(({ lane, priority, duration }, index) => ({
      task_id: `t${index}`,
      agent_type: agentOf.get(lane) as string,
      prompt: `Write one line. [takes ${(duration / scale).toFixed(3)}]`,
      priority,
      dependencies: (graph.dependencies[index] ?? []).map((before) => `t${before}`),
    })),
  }
}

/** Teaches the service what an agent's calls take: its first answer is what it expects from then on. */
const lesson = (agent_type: string, takes: number): ExecuteInput => ({
  workflow_type: 'custom',
  context: {},
  custom_tasks: [{ task_id: 'lesson', agent_type, prompt: `Write one line. [takes ${takes.toFixed(3)}]` }],
})

/**
 * Sends a burst to the whole service, on simulated model servers behind real sockets, `scale` times as fast. Gives the
 * time from the first request to the last answer in ms of the workload's own time. Throws when a run is no success.
 */
export async function burstOverHttp(
  runs: readonly SimRun[],
  slots: number,
  scale: number,
  { agentOf, expected }: { agentOf: AgentOf; expected: ReadonlyMap<string, number> },
): Promise<number> {
  const takes = (text: string): number => Number(/\[takes ([\d.]+)\]/.exec(text)?.[1])
  const simulator = await startSimulator({
    slots,
    latencyMs: ({ messages }) => takes(messages.at(-1)?.content ?? ''),
    reply: () => 'The finding was reviewed as documented.',
    keepEntries: 0,
  })
  const env = {
    JWT_SECRET: BENCH_SECRET,
    NODE_ENV: 'production',
    MODELS_FILE: 'bench',
    DATA_DIR: ownDataDir(),
    JOURNAL: 'off',
    RATE_LIMIT_MAX: '1000000',
    PRIORITY_AGING_MS: String(Math.round(AGING_MS / scale)),
  }
  const app = await buildApp(
    parseConfig(env, () => JSON.stringify(simulator.roster)),
    { log: createLogger('silent') },
  )
  await app.listen({ host: '127.0.0.1', port: 0 })
  const pool = new Pool(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, { connections: runs.length })
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${signToken(BENCH_SECRET, { subject: 'bench', expiresInS: 600 })}`,
  }
  const send = async (request: ExecuteInput): Promise<void> => {
    const body = JSON.stringify(request)
    const answer = await pool.request({ method: 'POST', path: '/v1/workflows/execute', headers, body })
    const text = await answer.body.text()
    if (answer.statusCode !== 200 || !text.includes('"success":true'))
      throw new Error(`A run failed: ${answer.statusCode} ${text.slice(0, 300)}`)
  }
  try {
    for (const [lane, agent] of agentOf) await send(lesson(agent, (expected.get(lane) ?? 1) / scale))
    // A connection is opened once per caller, as between a hospital's systems and the service.
    await Promise.all(
      runs.map(() => pool.request({ method: 'GET', path: '/health/live' }).then(({ body }) => body.dump())),
    )
    const requests = runs.map((run) => requestOf(run, agentOf, scale))
    const start = performance.now()
    await Promise.all(requests.map(send))
    return (performance.now() - start) * scale
  } finally {
    await pool.destroy()
    await app.close()
    await simulator.close()
  }
}

import { signToken } from '../src/token.ts'
import type { BenchProcess } from './process.ts'
import { BENCH_SECRET } from './secret.ts'
import { median } from './stats.ts'

interface Scenario {
  /** Agent, latency in ms, dependencies by name. */
  tasks: readonly { id: string; agent: 'Clinical' | 'Billing'; ms: number; after?: readonly string[] }[]
  /** What the run would take if nothing but the models took time. */
  ideal_ms: number
  repeats: number
}

export const scenarios = {
  /** 1100 ‖ 1000. */
  parallel: {
    tasks: [
      { id: 'a', agent: 'Clinical', ms: 1100 },
      { id: 'b', agent: 'Billing', ms: 1000 },
    ],
    ideal_ms: 1100,
    repeats: 3,
  },
  /** 900 → 800. */
  chain: {
    tasks: [
      { id: 'a', agent: 'Clinical', ms: 900 },
      { id: 'b', agent: 'Billing', ms: 800, after: ['a'] },
    ],
    ideal_ms: 1700,
    repeats: 3,
  },
  /** A(200) → C(20), B(20) → D(200): whoever waits for the slowest of a level needs 400. */
  skewed: {
    tasks: [
      { id: 'a', agent: 'Clinical', ms: 200 },
      { id: 'b', agent: 'Billing', ms: 20 },
      { id: 'c', agent: 'Billing', ms: 20, after: ['a'] },
      { id: 'd', agent: 'Clinical', ms: 200, after: ['b'] },
    ],
    ideal_ms: 220,
    repeats: 9,
  },
  /** 1100 ‖ 1000 ‖ 900, as a complete assessment runs. */
  three: {
    tasks: [
      { id: 'a', agent: 'Clinical', ms: 1100 },
      { id: 'b', agent: 'Billing', ms: 1000 },
      { id: 'c', agent: 'Clinical', ms: 900 },
    ],
    ideal_ms: 1100,
    repeats: 3,
  },
} satisfies Record<string, Scenario>

/** The median over the scenario's repeats: total over ideal time, and the speed-up that the service reports. */
export async function measureLatency(service: BenchProcess, { tasks, ideal_ms, repeats }: Scenario) {
  const token = signToken(BENCH_SECRET, { subject: 'bench', expiresInS: 3600 })
  const body = JSON.stringify({
    workflow_type: 'custom',
    custom_tasks: tasks.map(({ id, agent, ms, after }) => ({
      task_id: id,
      agent_type: agent,
      prompt: `Write one line. [latency ${ms}]`,
      dependencies: after ?? [],
    })),
  })
  const totals: number[] = []
  const speedups: number[] = []
  for (let i = 0; i < repeats; i++) {
    const response = await fetch(`${service.origin}/v1/workflows/execute`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
    })
    const run = (await response.json()) as { total_latency_ms: number; metadata: { speedup_factor: number } }
    totals.push(run.total_latency_ms)
    speedups.push(run.metadata.speedup_factor)
  }
  return { ratio: median(totals) / ideal_ms, speedup: median(speedups) }
}

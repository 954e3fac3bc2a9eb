import { expect, it } from 'vitest'
import type { Client } from '../../../src/cli/client.ts'
import { healthCommand, modelsCommand } from '../../../src/cli/state.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'

const OFF = `This cloud model is off: it needs ${'a very long list of things and '.repeat(5)}a key.`

const model = (id: string, off: string | null) => ({
  ...{ id, url: 'http://127.0.0.1:1/v1', gpu: 0, reachable: true, breaker: 'closed', last_latency_ms: 12, off },
  ...{ slots: 1, slots_source: 'roster', served_slots: null, context_window: null, busy: 0, queued: 0 },
  ...{ estimated_wait_ms: 0, error_rate: null, memory_gb: null, agents: ['Chat'] },
})

async function shown(command: typeof modelsCommand, answer: object): Promise<string[]> {
  let out = ''
  const terminal = { out: (text: string) => (out += text) } as unknown as Terminal
  await command(false, { get: async () => answer } as unknown as Client, terminal)
  return out.split('\n')
}

const models = [model('small', null), model('cloud', OFF)]

it.each([
  ['models', modelsCommand, { gpus: [], models, agents: {} }],
  ['health', healthCommand, { ok: true, parts: [], models }],
] as const)('%s: why a model is off stands below the table, whose columns stay narrow', async (_, command, answer) => {
  const lines = await shown(command, answer)
  expect(lines).toContain(`cloud: ${OFF}`)
  const row = lines.find((line) => line.startsWith('small ')) as string
  expect(row).toContain(' up ')
  expect(row.length).toBeLessThan(OFF.length)
})

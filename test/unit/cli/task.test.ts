import { expect, it, vi } from 'vitest'
import type { Client } from '../../../src/cli/client.ts'
import { taskCommand } from '../../../src/cli/task.ts'
import type { TaskEvent } from '../../../src/cli/task-progress.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'
import type { TaskAnswer } from '../../../src/contract/tasks.ts'

const ANSWER: TaskAnswer = {
  run_id: 'r',
  status: 'succeeded',
  success: true,
  content: 'Yes.',
  model: 'small',
  planned_model: 'small',
  citations: [],
  memory: null,
  routing: null,
  metadata: {
    task_type: null,
    confidence: null,
    reasoning: null,
    tier_used: null,
    cost: 0,
    tokens: 1,
    prompt_tokens: 1,
    latency_ms: 1,
    total_latency_ms: 1,
    queue_ms: 0,
    gpu: 0,
    truncated: false,
    cached: false,
    simulated: false,
    warnings: [],
  },
}
const TASK = { task: 'Hi', prefer: null, model: null, stream: false, json: false }

function screen(liveColumns: number | null) {
  const heard = { out: '', err: '' }
  const plain = (_: unknown, text: string) => text
  const terminal: Terminal = {
    out: (text) => {
      heard.out += text
    },
    err: (text) => {
      heard.err += text
    },
    paint: plain,
    paintErr: plain,
    columns: null,
    liveColumns,
  }
  return { heard, terminal }
}

const clientOf = (events: () => AsyncGenerator<TaskEvent>) => ({ postEvents: events }) as unknown as Client

it('shows on a terminal who is at work and how far it is, and leaves nothing of that behind', async () => {
  vi.useFakeTimers()
  const { heard, terminal } = screen(80)
  const client = clientOf(async function* () {
    await vi.advanceTimersByTimeAsync(200)
    yield { event: 'metadata', data: { model: 'small' } }
    yield { event: 'content', data: { delta: 'Ye' } }
    await vi.advanceTimersByTimeAsync(200)
    yield { event: 'content', data: { delta: '', reset: true } }
    await vi.advanceTimersByTimeAsync(200)
    yield { event: 'done', data: ANSWER }
  })
  expect(await taskCommand(TASK, client, terminal)).toBe(0)
  vi.useRealTimers()
  const lines = heard.err.split('\r').map((line) => line.replace('\u001b[K', ''))
  expect(lines).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^0\.2 s {2}choosing a model$/),
      expect.stringMatching(/^0\.4 s {2}small is at work, 2 characters so far$/),
      expect.stringMatching(/^0\.6 s {2}small is at work$/),
    ]),
  )
  expect(lines.at(-1)).toMatch(/^small · /)
  expect(heard.out).toBe('Yes.\n')
})

it('shows nothing of that in a pipe', async () => {
  const { heard, terminal } = screen(null)
  const client = clientOf(async function* () {
    yield { event: 'done', data: ANSWER }
  })
  expect(await taskCommand(TASK, client, terminal)).toBe(0)
  expect(heard).toEqual({ out: 'Yes.\n', err: expect.not.stringContaining('\r') })
})

import { describe, expect, it } from 'vitest'
import { Chunks } from '../../../routes/v1/chat/chunks.ts'
import { TaskEvents } from '../../../routes/v1/tasks/events.ts'
import type { RunEvent } from '../../../src/contract/events.ts'

const started = {
  event: 'run.started',
  data: { run_id: 'r', tasks: [{ task_id: 'answer', planned_model: 'm' }] },
} as unknown as RunEvent
const delta = (text: string, attempt = 1): RunEvent => ({
  event: 'task.delta',
  data: { task_id: 'answer', attempt, delta: text },
})
const retried = (attempt: number, discard: boolean): RunEvent => ({
  event: 'task.retried',
  data: { task_id: 'answer', attempt, code: 'upstream_error', discard, at_ms: 1 },
})
const finished = (content: string, own: object = {}): RunEvent =>
  ({
    event: 'run.finished',
    data: {
      run_id: 'r',
      status: 'succeeded',
      success: true,
      total_latency_ms: 1,
      metadata: { simulated: false },
      results: [
        { content, model: 'm', planned_model: 'm', finish_reason: 'stop', truncated: false, warnings: [], ...own },
      ],
    },
  }) as unknown as RunEvent
const failed = { event: 'run.finished', data: { code: 'run_failed', detail: 'Nothing.', instance: 'i' } } as RunEvent

/** What each frame on the wire says. */
const framesOf = (write: (event: RunEvent) => string, events: readonly RunEvent[]): string =>
  events
    .map(write)
    .join('')
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => {
      const [, event = '', json = ''] = /^(?:event: (\w+)\n)?data: (.*)$/.exec(frame) ?? []
      if (json === '[DONE]') return 'DONE'
      const data = JSON.parse(json)
      if (data.error) return `error:${data.error.code}`
      if (event !== '')
        return `${event}:${data.reset === true ? 'reset' : (data.delta ?? data.content ?? data.code ?? '')}`
      const [choice] = data.choices
      return choice ? (choice.delta.content ?? choice.finish_reason ?? 'calls') : `usage:${data.usage}`
    })
    .join('|')

const chunks = (...events: RunEvent[]) => framesOf(new Chunks(false).write, events)
const taskEvents = (...events: RunEvent[]) => framesOf(new TaskEvents(() => null).write, events)

describe('the chunks of a chat completion', () => {
  it('open with a role, carry the text and end with a reason', () => {
    expect(chunks(started, delta('Yes,'), delta(' it is.'), finished('Yes, it is.'))).toBe('|Yes,| it is.|stop|DONE')
  })

  it('hold an answer that nobody heard being written', () => {
    expect(chunks(started, finished('Known.'))).toBe('|Known.|stop|DONE')
  })

  it('end with an error once text has gone out that does not count, whether or not more is heard', () => {
    const cut = '|Half an|error:run_failed|DONE'
    expect(chunks(started, delta('Half an'), retried(1, true), delta('Whole', 2), finished('Whole'))).toBe(cut)
    expect(chunks(started, delta('Half an'), retried(1, true), finished('Whole'))).toBe(cut)
    expect(chunks(started, delta('Half an'), delta('Whole', 2), finished('Whole'))).toBe(cut)
  })

  it('blame no other server for an answer that begins anew, perhaps at the same one', () => {
    const writer = new Chunks(false)
    const text = [started, delta('Half an'), retried(1, true)].map(writer.write).join('')
    expect(text).toContain('and the answer begins anew: drop what has come')
    expect(text).not.toContain('another')
  })

  it('go on when an attempt failed of which nothing has gone out', () => {
    expect(chunks(started, retried(1, false), delta('Whole', 2), finished('Whole'))).toBe('|Whole|stop|DONE')
    expect(chunks(started, retried(1, true), delta('Whole', 2), finished('Whole'))).toBe('|Whole|stop|DONE')
  })

  it('carry calls of tools', () => {
    const content = 'Let me see.\n<tool_call>\n{"name":"f","arguments":{"a":1}}\n</tool_call>'
    const writer = new Chunks(true)
    const text = [started, finished(content, { finish_reason: 'tool_calls', tokens: 2, prompt_tokens: 3 })]
      .map(writer.write)
      .join('')
    expect(text).toContain('"tool_calls":[{"index":0,"id":"call_r_0","type":"function"')
    expect(text).toContain('"arguments":"{\\"a\\":1}"')
    expect(text).toContain('"finish_reason":"tool_calls"')
    expect(text).toContain('"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  it('end with an error when the run fails or waits for a human', () => {
    expect(chunks(started, failed)).toBe('error:run_failed|DONE')
    const parked = { event: 'run.parked', data: { run_id: 'r', status: 'awaiting_approval' } } as unknown as RunEvent
    expect(chunks(parked)).toBe('error:conflict|DONE')
  })
})

describe('the events of a task', () => {
  it('are metadata, content and done', () => {
    expect(taskEvents(started, delta('Yes'), finished('Yes'))).toBe('metadata:|content:Yes|done:Yes')
  })

  it('take back what does not count, and give the answer that does, heard or not', () => {
    expect(taskEvents(delta('Half'), retried(1, true), delta('Whole', 2), finished('Whole'))).toBe(
      'content:Half|content:reset|content:Whole|done:Whole',
    )
    expect(taskEvents(delta('Half'), retried(1, true), finished('Whole'))).toBe(
      'content:Half|content:reset|content:Whole|done:Whole',
    )
  })

  it('end with the problem of a run that failed', () => {
    expect(taskEvents(started, failed)).toBe('metadata:|done:run_failed')
  })
})

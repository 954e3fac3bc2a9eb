import type { RunEvent } from '../../../src/contract/events.ts'
import type { ExecuteResponse } from '../../../src/contract/result.ts'
import { idOf, secondsNow, told } from './completion.ts'

type Deltas = Extract<RunEvent, { event: 'task.delta' }>['data']

const frame = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`
const DONE = 'data: [DONE]\n\n'

const CUT_SHORT =
  'A model server failed while it was writing, and the answer begins anew: drop what has come and ask again.'

/**
 * The events of a run of one task as OpenAI's chunks, one writer per stream. Text that is gone out cannot be taken back
 * there: when an attempt fails after it, the stream says so as an error and holds nothing more.
 */
export class Chunks {
  readonly #includeUsage: boolean
  #head = { id: '', object: 'chat.completion.chunk' as const, created: secondsNow(), model: '' }
  #opened = false
  /** The attempt whose text has gone out. */
  #attempt: number | null = null
  #over = false

  constructor(include_usage: boolean) {
    this.#includeUsage = include_usage
  }

  /** The text that goes over the wire for an event; empty for most. */
  readonly write = (event: RunEvent): string => {
    if (this.#over) return ''
    switch (event.event) {
      case 'run.started':
        this.#head.id = idOf(event.data.run_id)
        this.#head.model = event.data.tasks[0]?.planned_model ?? ''
        return ''
      case 'task.started':
        this.#head.model = event.data.model
        return ''
      case 'task.delta':
        return this.#delta(event.data)
      case 'task.retried':
        return event.data.discard && event.data.attempt === this.#attempt ? this.#cutShort() : ''
      case 'run.finished':
        return 'results' in event.data ? this.#end(event.data as ExecuteResponse) : this.#fail(event.data)
      case 'run.parked':
        return this.#fail({ detail: 'The run waits for a human.', code: 'conflict', run_id: event.data.run_id })
      default:
        return ''
    }
  }

  #choice(delta: object, finish_reason: string | null = null): string {
    return frame({ ...this.#head, choices: [{ index: 0, delta, logprobs: null, finish_reason }] })
  }

  #open(): string {
    if (this.#opened) return ''
    this.#opened = true
    return this.#choice({ role: 'assistant', content: '' })
  }

  #delta({ attempt, delta }: Deltas): string {
    if (this.#attempt !== null && this.#attempt !== attempt) return this.#cutShort()
    const opening = this.#open()
    this.#attempt = attempt
    return opening + this.#choice({ content: delta })
  }

  #end(response: ExecuteResponse): string {
    const { message, finish_reason, model, usage, making } = told(response)
    this.#head.id = idOf(response.run_id)
    this.#head.model = model
    const { content, tool_calls } = message
    let text = this.#open()
    // Not heard while it was written: calls of tools, or an answer that was there already.
    if (this.#attempt === null && content !== null) text += this.#choice({ content })
    if (tool_calls !== undefined)
      text += this.#choice({ tool_calls: tool_calls.map((call, index) => ({ index, ...call })) })
    text += frame({
      ...this.#head,
      choices: [{ index: 0, delta: {}, logprobs: null, finish_reason }],
      consilium: making,
    })
    if (this.#includeUsage) text += frame({ ...this.#head, choices: [], usage: usage ?? null })
    this.#over = true
    return text + DONE
  }

  #cutShort(): string {
    return this.#fail({ detail: CUT_SHORT, code: 'run_failed' })
  }

  /** An error in the place of a chunk: OpenAI's clients throw it. */
  #fail({ detail, code, instance }: Record<string, unknown>): string {
    this.#over = true
    return frame({ error: { message: detail, type: 'server_error', param: null, code }, instance }) + DONE
  }
}

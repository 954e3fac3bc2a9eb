import type { RunEvent } from '../../../src/contract/events.ts'

export interface ServerSentEvent {
  id: string
  event: string
  data: unknown
}

/** Run events in, server-sent events out, numbered from 1; ends after `end` when all are read. */
export class EventQueue implements AsyncIterable<ServerSentEvent> {
  readonly #waiting: ServerSentEvent[] = []
  #wake: () => void = () => undefined
  #ended = false
  #count = 0

  push({ event, data }: RunEvent): void {
    this.#waiting.push({ id: String(++this.#count), event, data })
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ServerSentEvent> {
    for (;;) {
      const next = this.#waiting.shift()
      if (next) yield next
      else if (this.#ended) return
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }
}

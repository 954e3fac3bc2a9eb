import type { RunEvent } from '../../../src/contract/events.ts'

type Delta = Extract<RunEvent, { event: 'task.delta' }>

interface Numbered {
  event: RunEvent
  /** Its number in a stored history, null for none; undefined: counted here. */
  id: number | null | undefined
}

/** About what an event of a task weighs beside the text of its deltas, in bytes. */
const FRAME_BYTES = 200

/** An event as text on the wire; `id` is its number, null for none. Empty: it does not go out. */
export type Format = (event: RunEvent, id: number | null) => string

/** As a server-sent event of its own name. */
const asEvent: Format = ({ event, data }, id) =>
  `${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/**
 * Run events in, the text of server-sent events out, numbered from 1 in the order in which they are taken, or as their
 * history numbers them. Deltas of one attempt that still wait become one event; those of a discarded attempt are thrown away.
 */
export class EventQueue {
  readonly #format: Format
  #waiting: Numbered[] = []
  /** The delta of each task that waits and may still grow. */
  readonly #growing = new Map<string, Delta>()
  #taken = 0
  #bytes = 0

  constructor(format: Format = asEvent) {
    this.#format = format
  }

  /**
   * About how many bytes of task events wait. `run.started` and `run.finished` are left out: each comes once, so nothing
   * piles up in them, and a long document is no fault of its reader.
   */
  get bytes(): number {
    return this.#bytes
  }

  push(event: RunEvent, id?: number | null): void {
    if (event.event === 'task.delta') this.#pushDelta(event, id)
    else this.#pushOther(event, id)
  }

  /** The next events as text: all that wait, or as many as it takes to reach `chars`. Empty when nothing waits. */
  take(chars: number): string {
    let text = ''
    let count = 0
    for (const { event, id } of this.#waiting) {
      if (text.length >= chars) break
      count++
      this.#bytes -= weightOf(event)
      if (event.event === 'task.delta' && this.#growing.get(event.data.task_id) === event)
        this.#growing.delete(event.data.task_id)
      if (id !== null) this.#taken = id ?? this.#taken + 1
      text += this.#format(event, id === null ? null : this.#taken)
    }
    this.#waiting.splice(0, count)
    return text
  }

  #add(event: RunEvent, id: number | null | undefined): void {
    this.#bytes += weightOf(event)
    this.#waiting.push({ event, id })
  }

  /** Between deltas of one attempt its task tells nothing else, so that joining them changes no order within a task. */
  #pushDelta({ event, data }: Delta, id: number | null | undefined): void {
    const known = this.#growing.get(data.task_id)
    if (known?.data.attempt === data.attempt) {
      known.data.delta += data.delta
      this.#bytes += Buffer.byteLength(data.delta)
      return
    }
    const own: Delta = { event, data: { ...data } }
    this.#growing.set(data.task_id, own)
    this.#add(own, id)
  }

  #pushOther(event: Exclude<RunEvent, Delta>, id: number | null | undefined): void {
    if (event.event === 'task.retried' && event.data.discard) this.#discard(event.data.task_id, event.data.attempt)
    if ('task_id' in event.data) this.#growing.delete(event.data.task_id as string)
    this.#add(event, id)
  }

  #discard(task_id: string, attempt: number): void {
    this.#waiting = this.#waiting.filter(({ event }) => {
      const discarded = event.event === 'task.delta' && event.data.task_id === task_id && event.data.attempt === attempt
      if (discarded) this.#bytes -= weightOf(event)
      return !discarded
    })
  }
}

function weightOf(event: RunEvent): number {
  if (event.event === 'run.started' || event.event === 'run.finished') return 0
  return FRAME_BYTES + (event.event === 'task.delta' ? Buffer.byteLength(event.data.delta) : 0)
}

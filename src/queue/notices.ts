import type { RedisLink } from './link.ts'
import type { Subscriber } from './subscriber.ts'

/**
 * What replicas tell each other about runs; ids only. A lost notice delays: everything that they say also stands in the store, where it
 * is looked for now and then.
 */
export type Notice =
  | { notice: 'run_changed'; run_id: string }
  | { notice: 'cancel'; run_id: string }
  | { notice: 'approval'; run_id: string }
  /** A run is queued and has no owner. */
  | { notice: 'wake' }

const KINDS = ['run_changed', 'cancel', 'approval', 'wake']

export class Notices {
  readonly #link: RedisLink
  readonly #readers: ((notice: Notice) => void)[] = []
  readonly #onGap: (() => void)[] = []

  constructor(link: RedisLink, subscriber: Subscriber) {
    this.#link = link
    subscriber.on(link.key('notices'), (text) => this.#read(text))
    subscriber.onListening(() => {
      for (const callback of this.#onGap) callback()
    })
  }

  /** Tells all replicas, this one too. Resolves whether or not anybody heard it. */
  async publish(notice: Notice): Promise<void> {
    const text = 'run_id' in notice ? `${notice.notice} ${notice.run_id}` : notice.notice
    await this.#link.attempt((redis) => redis.publish(this.#link.key('notices'), text))
  }

  onNotice(read: (notice: Notice) => void): void {
    this.#readers.push(read)
  }

  /** Calls back when notices may have been missed: at the first connection and after every reconnect. */
  onGap(callback: () => void): void {
    this.#onGap.push(callback)
  }

  #read(text: string): void {
    const [kind = '', run_id] = text.split(' ')
    // A newer version may say more.
    if (!KINDS.includes(kind)) return
    const notice = (run_id === undefined ? { notice: kind } : { notice: kind, run_id }) as Notice
    for (const read of this.#readers) read(notice)
  }
}

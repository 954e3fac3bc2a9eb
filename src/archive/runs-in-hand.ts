import type { Logger } from 'pino'
import type { RunInHand, Worked } from './run-in-hand.ts'

/** More would only make the queues of the lanes longer. */
const MOST_IN_HAND = 256

interface Held {
  cancel: () => void
  /** Null: a plain run, for which its caller waits. */
  durable: RunInHand | null
}

export interface InHandParts {
  log: Logger
  /** Hears how the work on a run that this process had in hand came to its end. */
  onDone: (worked: Worked) => void
  /** There is room for a run again. */
  onRoom: () => void
}

/** The runs that this process works on now. */
export class RunsInHand {
  /** Of plain runs too: all that this process gives signs of life for. */
  readonly ids = new Set<string>()
  readonly #parts: InHandParts
  readonly #held = new Map<string, Held>()
  #durable = 0
  #stopping = false

  constructor(parts: InHandParts) {
    this.#parts = parts
  }

  /** How many more runs this process takes for which nobody waits here. */
  get room(): number {
    return this.#stopping ? 0 : MOST_IN_HAND - this.#durable
  }

  has(run_id: string): boolean {
    return this.#held.has(run_id)
  }

  /** False when this process does not have it. */
  cancel(run_id: string): boolean {
    const held = this.#held.get(run_id)
    held?.cancel()
    return held !== undefined
  }

  /** Keeps it until its work has come to its end. Returns it. */
  hold(inHand: RunInHand): RunInHand {
    const { log, onDone, onRoom } = this.#parts
    const { run_id } = inHand
    this.#durable++
    const letGo = this.#add(run_id, { cancel: () => inHand.cancel(), durable: inHand })
    inHand.done
      .then(onDone)
      .catch((err: unknown) => log.error({ err, run_id }, 'fault while working on a stored run'))
      .finally(() => {
        const wasFull = this.#durable-- >= MOST_IN_HAND
        letGo()
        // Others may wait for room only then; a look after every run would cost more than the run.
        if (wasFull) onRoom()
      })
    // It was on its way here when the hand-over came, and would be worked on to its end.
    if (this.#stopping) inHand.handOver()
    return inHand
  }

  /** Returns what is to be called when the plain run has ended. */
  holdPlain(run_id: string, cancel: () => void): () => void {
    return this.#add(run_id, { cancel, durable: null })
  }

  /** Gives back what can go on elsewhere, and takes nothing more. Plain runs are left to the orchestrator. */
  handOver(): void {
    this.#stopping = true
    for (const { durable } of this.#held.values()) durable?.handOver()
  }

  /** Resolves when nothing is in hand any more but plain runs. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#held.values()].map(({ durable }) => durable?.done))
  }

  #add(run_id: string, held: Held): () => void {
    this.ids.add(run_id)
    this.#held.set(run_id, held)
    return () => {
      // Unless this process has the run in hand anew by now.
      if (this.#held.get(run_id) !== held) return
      this.ids.delete(run_id)
      this.#held.delete(run_id)
    }
  }
}

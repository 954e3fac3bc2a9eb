import type { Citation, Retrieve } from '../contract/citation.ts'
import type { Asker } from './asker.ts'
import type { RunContext } from './run-context.ts'

/** Passages for one prompt, and what an answer makes of them. */
export interface FoundEvidence {
  /** What goes behind the prompt; empty when there is nothing. */
  block: string
  /** Null, or a sentence on what was not to be had. */
  warning: string | null
  /** Every passage that was given, with whether the answer cites it, and ids that it cites though nobody gave them. */
  cite: (answer: string) => { citations: Citation[]; unknown: string[] }
}

export interface Wanted extends Omit<Retrieve, 'query'> {
  query: string
  /** Who waits in the lane of the embedding model for it, and pays. */
  asker: Asker
  /** On the clock of performance.now(). */
  deadline: number
  cancel: RunContext['cancellation']
}

/** Finds passages in what a tenant keeps. Never rejects: without evidence a task goes on, and says so. */
export type FindEvidence = (tenant: string, wanted: Wanted) => Promise<FoundEvidence>

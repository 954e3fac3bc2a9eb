import type { RunRecord } from '../store/records.ts'
import { Stillness } from './stillness.ts'

/** Owners give a sign of life every second: one that stands still for six keeps its runs, whatever else is known of it. */
const LEFT_BEHIND_MS = 8000
/** The same where the process of the owner has ended as well: three signs in a row may be late, or lost. */
const ORPHANED_MS = 4000
/** Counts at most between two looks: after an outage of the store owners have the rest of the time to give a sign of life. */
export const MOST_UNSEEN_MS = 3000
/** Less, or a short outage would use up the shorter time: what a look that is half a second late adds. */
const MOST_UNSEEN_OF_ORPHANS_MS = 1500

/** Of these owners, those whose process has ended, as far as anybody but the store can tell. Never rejects. */
export type Gone = (owners: readonly string[]) => Promise<ReadonlySet<string>>

/**
 * Tells which runs their owners have lost. Only silence in the store takes a run from anybody: that its process has ended, as
 * others know it, makes less of it enough. Who has no process any more comes back to nothing; who is only frozen may.
 */
export class Deserted {
  readonly #gone: Gone
  readonly #leftBehind = new Stillness(LEFT_BEHIND_MS, MOST_UNSEEN_MS)
  readonly #silent = new Stillness(ORPHANED_MS, MOST_UNSEEN_OF_ORPHANS_MS)

  constructor(gone: Gone) {
    this.#gone = gone
  }

  /** Takes one look at the runs that others have, at `now` ms on a clock that is never set. */
  async look(runs: readonly RunRecord[], now: number): Promise<RunRecord[]> {
    const leftBehind = new Set(this.#leftBehind.look(runs, idOf, signOf, now))
    const silent = new Set(this.#silent.look(runs, idOf, signOf, now))
    const unsure = new Set([...silent.difference(leftBehind)].map(ownerOf))
    const gone = unsure.size === 0 ? unsure : await this.#gone([...unsure])
    return runs.filter((run) => leftBehind.has(run) || (silent.has(run) && gone.has(ownerOf(run))))
  }
}

const idOf = ({ run_id }: RunRecord): string => run_id
const ownerOf = ({ owner }: RunRecord): string => owner ?? ''
/** Changes with every sign of life. */
const signOf = ({ epoch, touched_at }: RunRecord): string => `${epoch} ${touched_at}`

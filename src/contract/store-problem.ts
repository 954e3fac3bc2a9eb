import { Problem, type StoreError, type StoreFault } from '../errors.ts'

/** Long enough for a database that restarts, short enough that work goes on soon after. */
const RETRY_AFTER_S = 2

const LATER: Partial<Record<StoreFault, string>> = {
  unavailable: 'The store of runs cannot be reached. Try again shortly.',
  busy: 'The store of runs is busy. Try again.',
  full: 'The store of runs is full. What is in it is safe; it takes nothing new.',
  key_missing: 'The store of runs holds text sealed with a key that this service was not given.',
}

const BAD_INPUT: Partial<Record<StoreFault, string>> = {
  bad_cursor: 'The cursor is not one that this list gave out.',
  unstorable: 'An id holds characters that cannot be kept, such as U+0000 or half of a pair.',
}

/** What a caller is told of a store that failed; null when it is a fault of ours (500). Repeats nothing of the error. */
export function storeProblem({ fault }: StoreError): Problem | null {
  const later = LATER[fault]
  if (later !== undefined) return new Problem('not_ready', later, { retryAfterS: RETRY_AFTER_S })
  const bad = BAD_INPUT[fault]
  if (bad === undefined) return null
  const errors =
    fault === 'bad_cursor' ? [{ field: 'cursor', message: 'must be the next_cursor of the page before' }] : []
  return new Problem('invalid_request', bad, { errors })
}

import { StoreError, type StoreFault } from '../errors.ts'

/** SQLite's primary result codes that mean something to us. */
const FAULTS: Readonly<Record<number, StoreFault>> = {
  5: 'busy',
  6: 'busy',
  // A disk that was mounted anew for reading only, as Linux does after a fault of the disk.
  8: 'unavailable',
  10: 'unavailable',
  11: 'corrupt',
  13: 'full',
  // A file of the database that cannot be opened.
  14: 'unavailable',
  26: 'corrupt',
}

/** What SQLite threw as a StoreError; anything else (a bug of ours) as it is. */
export function asStoreError(error: unknown): unknown {
  const { code, errcode, errstr } = error as { code?: string; errcode?: number; errstr?: string }
  if (code === 'ERR_INVALID_STATE') return new StoreError('unavailable', 'The database is closed', { cause: error })
  // A number that no number of ours can be: somebody has put it there.
  if (code === 'ERR_OUT_OF_RANGE') return new StoreError('corrupt', 'SQLite: a number is too large', { cause: error })
  if (typeof errcode !== 'number') return error
  const fault = FAULTS[errcode & 0xff]
  return fault === undefined
    ? error
    : new StoreError(fault, `SQLite: ${errstr ?? `error ${errcode}`}`, { cause: error })
}

import { StoreError, type StoreFault } from '../errors.ts'

const SERIALIZATION_FAILURE = '40001'
const DEADLOCK = '40P01'

/** Undone by PostgreSQL because of a neighbour: the same again will probably pass. */
export const isConflict = (error: unknown): boolean =>
  [SERIALIZATION_FAILURE, DEADLOCK].includes((error as { code?: string }).code ?? '')

/** SQLSTATE, by its beginning. 57014 is our own statement_timeout; 55P03 our lock_timeout. */
const FAULTS: readonly [RegExp, StoreFault][] = [
  [/^(08|57P0|53300|25006)/, 'unavailable'],
  [/^(57014|55P03|25P03|40001|40P01)/, 'busy'],
  [/^53100|^53200/, 'full'],
  [/^XX00[12]/, 'corrupt'],
]

const isLost = ({ code, message }: { code?: string; message?: string }): boolean =>
  /^E[A-Z]+$/.test(code ?? '') ||
  /timeout|terminated|Connection|connection|not queryable|driver has already/.test(message ?? '')

/** What `pg` threw as a StoreError; anything else (a bug of ours) as it is. Never repeats PostgreSQL's detail: it quotes rows. */
export function asStoreError(error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error
  const { code } = error as { code?: string }
  const fault = FAULTS.find(([pattern]) => pattern.test(code ?? ''))?.[1]
  if (fault !== undefined) return new StoreError(fault, `PostgreSQL: ${code}`, { cause: error })
  if (isLost(error as { code?: string; message?: string }))
    return new StoreError('unavailable', `PostgreSQL cannot be reached${code ? `: ${code}` : ''}`, { cause: error })
  return error
}

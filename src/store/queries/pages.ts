/** With ten columns a row, below the parameters that a statement may have on either database. */
const ROWS_AT_ONCE = 500

/** Rows in portions that one statement can take. */
export function* pages<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) yield rows.slice(from, from + ROWS_AT_ONCE)
}

import type { Compilable, InsertQueryBuilder, InsertResult } from 'kysely'
import type { Db } from '../backend.ts'
import { statement } from '../statement.ts'
import type { Tables } from '../tables.ts'

/**
 * Rows that one statement takes. A few sizes, so that few statements are kept; with ten columns a row the largest is below
 * the parameters that a statement may have on either database.
 */
const SIZES = [500, 256, 128, 64, 32, 16, 8, 7, 6, 5, 4, 3, 2, 1] as const

/** Cuts rows into portions of the sizes above. */
function* portions<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; ) {
    const size = SIZES.find((one) => one <= rows.length - from) as number
    yield rows.slice(from, from + size)
    from += size
  }
}

type Insert<T extends keyof Tables> = InsertQueryBuilder<Tables, T, InsertResult>

/**
 * Inserts any number of rows, each with a value for every one of `columns`, by statements that are built once. `ending`
 * says what becomes of conflicts and what is returned.
 */
export function insertion<T extends keyof Tables, R>(
  table: T,
  columns: readonly (keyof Tables[T] & string)[],
  ending: (insert: Insert<T>) => Compilable<R>,
): (db: Db, rows: readonly Tables[T][]) => Promise<R[]> {
  const ofSize = (size: number) =>
    statement<readonly Tables[T][], R>((db, given) => {
      const row = (at: number) =>
        Object.fromEntries(columns.map((column) => [column, given((rows) => rows[at]?.[column])]))
      // Kysely types rows for a table that is known; here it is one of several.
      const values = Array.from({ length: size }, (_, at) => row(at)) as never
      return ending(db.insertInto(table).values(values) as Insert<T>)
    })
  const bySize = new Map<number, ReturnType<typeof ofSize>>(SIZES.map((size) => [size, ofSize(size)]))
  return async (db, rows) => {
    const returned: R[] = []
    for (const portion of portions(rows)) {
      const insert = bySize.get(portion.length) as ReturnType<typeof ofSize>
      for (const row of (await insert(db, portion)).rows) returned.push(row)
    }
    return returned
  }
}

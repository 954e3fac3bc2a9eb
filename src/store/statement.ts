import { hash } from 'node:crypto'
import type { Compilable, CompiledQuery, QueryResult } from 'kysely'
import type { Db } from './backend.ts'

/** Stands in a statement for a value that comes with each call. */
class Slot<G> {
  readonly read: (given: G) => unknown

  constructor(read: (given: G) => unknown) {
    this.read = read
  }
}

/** Puts into a statement what `read` takes from the arguments of each call. */
export type Given<G> = <V>(read: (given: G) => V) => V

/** The types see the value that will be there; Kysely sees an object, and keeps it as a parameter. */
const slot =
  <G>(): Given<G> =>
  <V>(read: (given: G) => V) =>
    new Slot(read) as V

/** Texts of the statements that were built, each with a name. */
const names = new Map<string, string>()

/** A name for the text of a statement that is built once; undefined for any other. */
export const nameOf = (text: string): string | undefined => names.get(text)

const filled = <G, R>(template: CompiledQuery<R>, given: G): CompiledQuery<R> => ({
  ...template,
  parameters: template.parameters.map((one) => (one instanceof Slot ? one.read(given) : one)),
})

/**
 * A statement that Kysely builds once for each database, for what every run needs: building costs several times what
 * SQLite takes to execute.
 */
export function statement<G, R>(
  build: (db: Db, given: Given<G>) => Compilable<R>,
): (db: Db, given: G) => Promise<QueryResult<R>> {
  // All transactions of a database share its adapter.
  const templates = new WeakMap<object, CompiledQuery<R>>()
  return (db, given) => {
    const { adapter } = db.getExecutor()
    let template = templates.get(adapter)
    if (template === undefined) {
      template = build(db, slot()).compile()
      templates.set(adapter, template)
      names.set(template.sql, `built-${hash('sha256', template.sql).slice(0, 32)}`)
    }
    return db.executeQuery(filled(template, given))
  }
}

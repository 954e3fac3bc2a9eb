import type { DatabaseSync } from 'node:sqlite'
import { load } from 'sqlite-vec'

/** Only we may load native code into a database, never a statement (`load_extension`). */
export const lockExtensions = (database: DatabaseSync): void => database.enableLoadExtension(false)

/**
 * Whether the database compares vectors: sqlite-vec is loaded when that is asked first, so that a service without
 * memories runs no native code of it. `onMissing` is told, once, why it cannot be loaded here.
 */
export function vectorsOf(database: DatabaseSync, onMissing?: (error: unknown) => void): () => boolean {
  let loaded: boolean | null = null
  const tryLoad = (): boolean => {
    try {
      database.enableLoadExtension(true)
      load(database)
      return true
    } catch (error) {
      onMissing?.(error)
      return false
    } finally {
      if (database.isOpen) lockExtensions(database)
    }
  }
  return () => {
    loaded ??= tryLoad()
    return loaded
  }
}

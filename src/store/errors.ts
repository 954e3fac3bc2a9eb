/** Why a store could not do what it was asked. `unavailable`, `full` and `busy` may pass; the others need a person. */
export type StoreFault = 'unavailable' | 'busy' | 'full' | 'corrupt' | 'key_missing' | 'unstorable' | 'bad_cursor'

/** Thrown by every method of a store. The message names tables, fields and ids of ours, never what was to be stored. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly fault: StoreFault

  constructor(fault: StoreFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

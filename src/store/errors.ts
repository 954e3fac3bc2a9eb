/** On floor 0, because plugins answer it; here for the files of the store. */
export { StoreError, type StoreFault } from '../errors.ts'

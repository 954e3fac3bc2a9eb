import { StoreError, type StoreFault } from '../errors.ts'
import type { Store } from '../store/port.ts'
import type { StoreMetrics } from './store-metrics.ts'

/** Those that a run or a caller waits for. */
const WRITES: ReadonlySet<string> = new Set<keyof Store>([
  'accept',
  'record',
  'claim',
  'release',
  'requestCancel',
  'heartbeat',
  'decide',
  'note',
])

/** Those that put something on the disk in any case: the audit entry at least. */
const KEEPS: ReadonlySet<string> = new Set<keyof Store>(['accept', 'requestCancel', 'decide', 'note', 'tryWrite'])

type OnFault = (fault: StoreFault) => void
type Method = (...args: unknown[]) => Promise<unknown>

function measure(name: string, method: Method, metrics: StoreMetrics, onFault: OnFault): Method {
  return async (...args) => {
    const begun = performance.now()
    try {
      const result = await method(...args)
      if (WRITES.has(name)) metrics.wrote(name, (performance.now() - begun) / 1000)
      if (KEEPS.has(name)) metrics.kept()
      metrics.answered()
      return result
    } catch (error) {
      if (error instanceof StoreError) {
        metrics.failed(error.fault, KEEPS.has(name))
        onFault(error.fault)
      }
      throw error
    }
  }
}

/** The same store, counted. It knows nothing of metrics itself. `onFault` hears of every call that failed. */
export function measuredStore(store: Store, metrics: StoreMetrics, onFault: OnFault = () => undefined): Store {
  const { close, ...methods } = store
  const measured = Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [name, measure(name, method as Method, metrics, onFault)]),
  )
  // Not counted: a store that is closed is not down.
  return { ...measured, close } as unknown as Store
}

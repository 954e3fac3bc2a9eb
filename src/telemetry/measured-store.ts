import { StoreError } from '../errors.ts'
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

type Method = (...args: unknown[]) => Promise<unknown>

function measure(name: string, method: Method, metrics: StoreMetrics): Method {
  return async (...args) => {
    const begun = performance.now()
    try {
      const result = await method(...args)
      if (WRITES.has(name)) metrics.wrote(name, (performance.now() - begun) / 1000)
      metrics.answered()
      return result
    } catch (error) {
      if (error instanceof StoreError) metrics.failed(error.fault)
      throw error
    }
  }
}

/** The same store, counted. It knows nothing of metrics itself. */
export function measuredStore(store: Store, metrics: StoreMetrics): Store {
  const { close, ...methods } = store
  const measured = Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [name, measure(name, method as Method, metrics)]),
  )
  // Not counted: a store that is closed is not down.
  return { ...measured, close } as unknown as Store
}

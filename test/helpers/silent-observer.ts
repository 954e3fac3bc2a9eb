import type { RunObserver } from '../../src/run/observer.ts'

/** Hears everything and says nothing. */
export const silent: RunObserver = {
  runRefused: () => undefined,
  runStarted: () => undefined,
  runParked: () => undefined,
  taskEnded: () => undefined,
  taskMeasured: () => undefined,
  runEnded: () => undefined,
  fault: () => undefined,
}

/**
 * A listener whose faults are reported and go no further: one that throws would leave a permit taken, or end the process.
 */
export const shield =
  <Event>(listen: (event: Event) => void, onFault: (error: unknown, event: Event) => void) =>
  (event: Event): void => {
    try {
      listen(event)
    } catch (error) {
      onFault(error, event)
    }
  }

/** Tells the bench where this subject listens, and its memory and CPU whenever asked. */
export function report(port: number): void {
  process.on('message', (message) => {
    if (message === 'usage') process.send?.({ usage: { rss: process.memoryUsage.rss(), cpu: process.cpuUsage() } })
    if (message === 'gc') globalThis.gc?.()
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.({ port })
}

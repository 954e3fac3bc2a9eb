import { closeSync, openSync, readSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { LogSink } from '../../../src/telemetry/log-sink.ts'
import { makeFifo } from '../../helpers/fifo.ts'

const line = (n: number): string => `${JSON.stringify({ n, text: 'x'.repeat(100) })}\n`

/** All that is in a pipe now. */
function drain(fd: number): string {
  const bytes = Buffer.alloc(1 << 20)
  let text = ''
  for (;;)
    try {
      text += bytes.toString('utf8', 0, readSync(fd, bytes))
    } catch {
      return text
    }
}

const linesOf = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((one) => JSON.parse(one))

/** Gives all lines so far. */
function readerOf(fd: number) {
  const parts: string[] = []
  return () => {
    parts.push(drain(fd))
    return linesOf(parts.join(''))
  }
}

function pipe() {
  const { fd } = makeFifo()
  onTestFinished(() => closeSync(fd))
  return fd
}

test('lines come in order, soon, whole', async () => {
  const fd = pipe()
  const sink = new LogSink({ fd, everyMs: 5 })
  const read = readerOf(fd)
  for (let n = 0; n < 300; n++) sink.write(line(n))
  await expect.poll(() => read().length).toBe(300)
  expect(read().map(({ n }) => n)).toEqual(Array.from({ length: 300 }, (_, n) => n))
})

test('a pipe that nobody reads: what does not fit is dropped, and said as soon as it is read again', async () => {
  const fd = pipe()
  const sink = new LogSink({ fd, everyMs: 5, most: 20_000 })
  // More than a pipe holds and what may wait, a write at a time.
  for (let n = 0; n < 3000; n++) {
    sink.write(line(n))
    if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const read = readerOf(fd)
  const told = () => read().filter(({ n }) => n !== undefined).length
  const dropped = () => read().reduce((sum, one) => sum + (one.dropped ?? 0), 0)
  await expect.poll(() => told() + dropped(), { timeout: 5000 }).toBe(3000)
  expect(told()).toBeLessThan(3000)
  expect(read().some(({ msg }) => msg === 'log lines were dropped')).toBe(true)
  sink.write(line(3000))
  await expect.poll(() => read().some(({ n }) => n === 3000)).toBe(true)
})

test('a disk without room: nothing is thrown, not even by the last flush', async () => {
  const fd = openSync('/dev/full', 'w')
  onTestFinished(() => closeSync(fd))
  const sink = new LogSink({ fd, everyMs: 1, batch: 1 })
  for (let n = 0; n < 10; n++) {
    sink.write(line(n))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  sink.flushSync()
})

test('the last flush writes what waits', () => {
  const fd = pipe()
  const sink = new LogSink({ fd, everyMs: 60_000, batch: 1 << 20 })
  sink.write(line(1))
  expect(drain(fd)).toBe('')
  sink.flushSync()
  expect(linesOf(drain(fd))).toMatchObject([{ n: 1 }])
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { startSimulator } from '../../../simulator/simulate.ts'
import { bearer, hmacToken } from '../../helpers/gate-tokens.ts'
import { startListening } from '../../helpers/process.ts'
import { CHAT, custom } from '../../helpers/service.ts'
import { eventsOf, rawReader, request } from './raw-reader.ts'
import { delta, STARTED, type StubRun, stubStream } from './stub-stream.ts'

const WATCHERS = 5000
const HELD = 20
/** Generous: 52 KB were measured, run and connection together. */
const BYTES_PER_WATCHER = 150_000

function rosterFile(content: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'watchers-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'roster.json'), JSON.stringify(content))
  return join(folder, 'roster.json')
}

/** The service as a process of its own, on simulated servers with `HELD` slots whose first calls never end. */
async function startHeld() {
  const simulator = await startSimulator({ slots: HELD })
  onTestFinished(() => simulator.close())
  simulator.servers.get(CHAT)?.setFaults((n) => (n <= HELD ? { kind: 'hang' } : null))
  const service = await startListening({
    MODELS_FILE: rosterFile(simulator.roster),
    LANE_QUEUE_MAX: String(2 * WATCHERS),
    RATE_LIMIT_MAX: String(10 * WATCHERS),
  })
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${service.origin}/metrics`)).text()
    return Number(new RegExp(`^${name}(?:\\{[^}]*${CHAT}[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1])
  }
  return { ...service, simulator, metric }
}

it('serves thousands of watchers at once, holders who leave included, and keeps nothing of them (T10, C01)', async () => {
  const { port, simulator, metric } = await startHeld()
  const rest = await metric('process_resident_memory_bytes')
  const bytes = request(custom([{ task_id: 'a' }]), bearer(hmacToken()))
  const holders = Array.from({ length: HELD }, () => rawReader(port, bytes))
  await simulator.ledger.until(({ received }) => received === HELD)
  const watchers = []
  for (let at = 0; at < WATCHERS; at++) {
    watchers.push(rawReader(port, bytes))
    if (at % 100 === 99) await Promise.all(watchers.slice(-100).map(({ says }) => says(/task\.queued/)))
  }
  expect(await metric('consilium_runs_in_flight')).toBe(HELD + WATCHERS)
  expect(await metric('consilium_lane_queued')).toBe(WATCHERS)
  const grown = (await metric('process_resident_memory_bytes')) - rest
  expect(grown / WATCHERS).toBeLessThan(BYTES_PER_WATCHER)

  const left = performance.now()
  for (const { socket } of holders) socket.destroy()
  await simulator.ledger.until(({ aborted }) => aborted === HELD)
  expect(performance.now() - left).toBeLessThan(1000)
  await Promise.all(watchers.map(({ whole }) => whole()))
  const ends = await Promise.all(watchers.map(async ({ text }) => (await eventsOf(text())).at(-1)))
  expect(ends.filter((end) => end?.event === 'run.finished' && end.data.success)).toHaveLength(WATCHERS)
  for (const name of ['consilium_runs_in_flight', 'consilium_lane_busy', 'consilium_lane_queued'])
    await expect.poll(() => metric(name)).toBe(0)
  expect(await metric('consilium_dropped_readers_total')).toBe(0)
}, 60_000)

it('drops those who do not read and serves the others, while deltas flow to all (T10)', async () => {
  const [readers, deaf] = [300, 10]
  const piece = 'Jane Doe, 1961. '.repeat(256)
  const open: StubRun[] = []
  const done = Promise.withResolvers<void>()
  const server = await stubStream(async (run) => {
    run.emit(STARTED)
    open.push(run)
    await Promise.race([done.promise, run.cancelled])
    return {}
  })
  const silent = Array.from({ length: deaf }, () => rawReader(server.port, request({})))
  for (const { socket } of silent) socket.pause()
  const reading = Array.from({ length: readers }, () => rawReader(server.port, request({})))
  await expect.poll(() => open.length, { timeout: 10_000 }).toBe(readers + deaf)
  // The silent ones asked first. Their own deltas are larger, so that the kernel's buffers fill soon.
  for (let turn = 0; server.readerDropped.mock.calls.length < deaf && turn < 1000; turn++) {
    for (const [at, { emit }] of open.entries()) emit(delta(at < deaf ? piece.repeat(16) : `${turn} `))
    await turnOfTheLoop()
  }
  done.resolve()
  await Promise.all(reading.map(({ whole }) => whole()))
  expect(server.readerDropped).toHaveBeenCalledTimes(deaf)
  for (const { socket } of silent) socket.resume()
  expect(await Promise.all(silent.map(({ closed }) => closed))).toEqual(Array(deaf).fill('reset'))
  for (const { socket } of reading) socket.destroy()
  await expect.poll(server.connections).toBe(0)
}, 30_000)

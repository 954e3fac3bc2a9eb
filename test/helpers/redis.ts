import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { freePort } from './free-port.ts'

export const REDIS_URL: string = process.env.TEST_REDIS_URL || 'redis://127.0.0.1:6379'

async function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port || 6379) })
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    // Only a port where nobody listens counts as not there.
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return false
    throw error
  } finally {
    socket.destroy()
  }
}

const hasServer = (): Promise<boolean> =>
  new Promise((resolve) => {
    const child = spawn('redis-server', ['--version'], { stdio: 'ignore' })
    child.on('error', () => resolve(false))
    child.on('exit', (code) => resolve(code === 0))
  })

/** Named by hand, it must be there. */
export const redisIsWanted: boolean = Boolean(process.env.TEST_REDIS_URL) || (await answers(REDIS_URL))
/** Whether tests may start servers of their own, to stop and empty them. */
export const redisServerIsThere: boolean = redisIsWanted && (await hasServer())

if (!redisIsWanted)
  console.info(
    'skipped: no Redis at 127.0.0.1:6379 and TEST_REDIS_URL is not set, sharing between replicas is not checked',
  )
else if (!redisServerIsThere)
  console.info('skipped: no redis-server to start, what happens without Redis is not checked')

/** Keys of one test only. */
export const ownPrefix = (): string => `test-${randomUUID().slice(0, 8)}`

export interface OwnRedis {
  url: string
  /** Ends the process; what it held is kept if it was told to. */
  stop: () => Promise<void>
  start: () => Promise<void>
  freeze: () => void
  thaw: () => void
}

/** Resolves when it takes connections; rejects when it ends before. */
function isReady(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (said.includes('Ready to accept')) resolve()
  })
  child.on('exit', () => reject(new Error(`redis-server ended:\n${said}`)))
  return promise
}

/** A server of the test's own, ended with it by its pid. `keeps`: its data survive `stop` and `start`. */
export async function startRedis({ keeps = false } = {}): Promise<OwnRedis> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'consilium-redis-'))
  let child: ChildProcess | null = null
  const stop = async () => {
    if (child === null || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill('SIGTERM')
    await ended
    child = null
  }
  const start = async () => {
    const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', keeps ? 'yes' : 'no']
    child = spawn('redis-server', [...settings, '--dir', folder], { stdio: ['ignore', 'pipe', 'ignore'] })
    await isReady(child)
  }
  onTestFinished(async () => {
    await stop()
    rmSync(folder, { recursive: true })
  })
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    stop,
    start,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
  }
}

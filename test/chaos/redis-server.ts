import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from '../helpers/free-port.ts'

export interface OwnRedis {
  url: string
  end: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>
  /** Resolves as soon as it answers. It keeps nothing: it is empty after every start. */
  start: () => Promise<void>
  /** Throws everything away while it goes on. */
  flush: () => Promise<void>
  freeze: () => void
  thaw: () => void
  /** Ends it and removes its folder. */
  close: () => Promise<void>
}

/** One command on a connection of its own; rejects when it is not answered. */
async function tell(port: number, command: 'PING' | 'FLUSHALL'): Promise<void> {
  const redis = new Redis(port, '127.0.0.1', { lazyConnect: true, connectTimeout: 1000, retryStrategy: () => null })
  redis.on('error', () => undefined)
  try {
    await redis.connect()
    await redis.call(command)
  } finally {
    redis.disconnect()
  }
}

const isInstalled = (): boolean => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    // Not on the PATH.
    return false
  }
}

/** A Redis of our own that may be stopped, emptied and frozen. Null when its program is not on this machine. */
export async function startRedis(): Promise<OwnRedis | null> {
  if (!isInstalled()) return null
  const folder = mkdtempSync(join(tmpdir(), 'consilium-chaos-redis-'))
  const port = await freePort()
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  let child: ChildProcess | null = null

  const start = async (): Promise<void> => {
    const started = spawn('redis-server', args, { cwd: folder, stdio: 'ignore' })
    child = started
    const until = performance.now() + 30_000
    const answers = () =>
      tell(port, 'PING').then(
        () => true,
        () => false,
      )
    while (!(await answers())) {
      if (performance.now() > until || started.exitCode !== null) throw new Error('Our own Redis does not start')
      await pause(10)
    }
  }
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    if (child === null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
    child = null
  }
  const kill = () => void child?.kill('SIGKILL')
  process.on('exit', kill)
  const close = async (): Promise<void> => {
    process.off('exit', kill)
    await end('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    await close()
    throw error
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    end,
    start,
    flush: () => tell(port, 'FLUSHALL'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    close,
  }
}

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from '../helpers/free-port.ts'

/** fast: rolls back and ends. immediate: ends as in a power cut, and recovers at the next start. */
export type StopMode = 'fast' | 'immediate'

export interface OwnPostgres {
  /** Of an empty database. */
  url: string
  stop: (mode: StopMode) => Promise<void>
  /** Resolves as soon as it takes queries. */
  start: () => Promise<void>
  /** Ends it and removes its folder. */
  close: () => Promise<void>
}

const [newest] = globSync('/usr/lib/postgresql/*/bin/postgres').sort().reverse()

const idOf = (flag: string): number =>
  Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }))

/** PostgreSQL does not run as root. */
function userOf(): { uid: number; gid: number } | null {
  return process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : null
}

const answers = async (connectionString: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    // Not yet: asked again.
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** A PostgreSQL of our own that may be stopped, in a folder of its own. Null when its programs are not on this machine. */
export async function startPostgres(): Promise<OwnPostgres | null> {
  if (newest === undefined) return null
  const bin = dirname(newest)
  const user = userOf()
  const as = user === null ? [] : ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--']
  const command = (name: string, args: readonly string[]): [string, string[]] => {
    const [first = '', ...rest] = [...as, join(bin, name), ...args]
    return [first, rest]
  }
  const folder = mkdtempSync(join(tmpdir(), 'consilium-chaos-pg-'))
  if (user !== null) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  execFileSync(
    ...command('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '-N']),
    {
      cwd: folder,
      stdio: 'ignore',
    },
  )
  const port = await freePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder}`]
  let child: ChildProcess | null = null

  const start = async (): Promise<void> => {
    child = spawn(...command('postgres', ['-D', data, '-p', `${port}`, ...settings]), { cwd: folder, stdio: 'ignore' })
    const until = performance.now() + 30_000
    while (!(await answers(url))) {
      if (performance.now() > until || child.exitCode !== null) throw new Error('Our own PostgreSQL does not start')
      await pause(20)
    }
  }
  const stop = async (mode: StopMode): Promise<void> => {
    if (child === null) return
    const ended = once(child, 'exit')
    child.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await ended
    child = null
  }
  const end = () => void child?.kill('SIGQUIT')
  process.on('exit', end)
  const close = async (): Promise<void> => {
    process.off('exit', end)
    await stop('immediate')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await start()
    return { url, start, stop, close }
  } catch (error) {
    await close()
    throw error
  }
}

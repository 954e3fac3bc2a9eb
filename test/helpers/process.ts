import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { SECRET } from './gate-tokens.ts'

const SERVER = fileURLToPath(new URL('../../src/server.ts', import.meta.url))

export interface ProcessEnd {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface ServerProcess {
  pid: number
  /** All of standard output so far: the log. */
  out: () => string
  /** All of standard error so far. */
  err: () => string
  /** The log so far, parsed. Throws when a line is no JSON. */
  log: () => Record<string, unknown>[]
  /** Resolves as soon as output or error output matches; rejects when the process ends without having said it. */
  says: (pattern: RegExp) => Promise<RegExpExecArray>
  signal: (signal: NodeJS.Signals) => void
  /** Resolves when the process has ended and all that it said is there. */
  ended: Promise<ProcessEnd>
}

/** Collects what a child process says and tells when it says what is waited for. */
function listenTo(child: ChildProcess, ended: Promise<ProcessEnd>) {
  const said = { out: '', err: '' }
  const waiting = new Set<() => void>()
  for (const [stream, name] of [
    [child.stdout, 'out'],
    [child.stderr, 'err'],
  ] as const)
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
      for (const look of waiting) look()
    })
  const says = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(said.out) ?? pattern.exec(said.err)
        if (found === null) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
      void ended.then(({ code }) => {
        look()
        reject(new Error(`The process ended with ${code} before it said ${pattern}:\n${said.out}\n${said.err}`))
      })
    })
  return { said, says }
}

/** Runs `node <args>` with nothing of this process's environment but PATH; killed by its pid after the test. */
export const startNode = (args: readonly string[], env?: Record<string, string>, cwd?: string): ServerProcess =>
  startProgram(process.execPath, args, env, cwd)

/** The same for any program. */
function startProgram(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
  cwd?: string,
): ServerProcess {
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH ?? '', DATA_DIR: ':memory:', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd !== undefined && { cwd }),
  })
  const { promise: ended, resolve, reject } = Promise.withResolvers<ProcessEnd>()
  child.on('error', reject)
  child.on('close', (code, signal) => resolve({ code, signal }))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const { said, says } = listenTo(child, ended)
  return {
    pid: child.pid ?? 0,
    out: () => said.out,
    err: () => said.err,
    log: () =>
      said.out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    says,
    signal: (signal) => void child.kill(signal),
    ended,
  }
}

/** Starts `src/server.ts` on a free port, with the tests' secret unless `env` says otherwise. `nodeArgs` go before it. */
export const startServer = (env: Record<string, string> = {}, nodeArgs: readonly string[] = []): ServerProcess =>
  startNode([...nodeArgs, SERVER], { PORT: '0', JWT_SECRET: SECRET, ...env })

/** Starts it from bash: `around` takes "$@" for the command, and can put limits in front of it and redirections behind it. */
export const startServerIn = (around: string, env: Record<string, string> = {}): ServerProcess =>
  startProgram('bash', ['-c', around, 'bash', process.execPath, SERVER], { PORT: '0', JWT_SECRET: SECRET, ...env })

/** Starts the server and waits until it listens. */
export async function startListening(
  env: Record<string, string> = {},
  nodeArgs: readonly string[] = [],
): Promise<ServerProcess & { origin: string; port: number }> {
  const server = startServer(env, nodeArgs)
  const [, origin = ''] = await server.says(/"address":"(http:\/\/127\.0\.0\.1:\d+)".*"listening"/)
  return { ...server, origin, port: Number(new URL(origin).port) }
}

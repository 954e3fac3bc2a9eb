import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface CommandEnd {
  code: number | null
  out: string
  err: string
}

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url))

/** Variables of the machine that would change what a command does. */
const CLEAN = [
  'MODEL_PORTS',
  'MODELS_FILE',
  'JWT_SECRET',
  'CONSILIUM_URL',
  'CONSILIUM_TOKEN',
  'FORCE_COLOR',
  'LOG_LEVEL',
  'DATA_DIR',
  'DATABASE_URL',
  'STORE_KEY',
  'STORE_OLD_KEYS',
]

/** Runs the command line as a process of its own, its output piped, and waits for its end. */
export function run(args: readonly string[], env: Record<string, string> = {}): Promise<CommandEnd> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !CLEAN.includes(name)))
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const end = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    end.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    end.err += text
  })
  const { promise, resolve, reject } = Promise.withResolvers<CommandEnd>()
  child.on('error', reject)
  child.on('close', (code) => resolve({ code, ...end }))
  return promise
}

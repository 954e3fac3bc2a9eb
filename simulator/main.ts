import { readFileSync } from 'node:fs'
import { banner } from './banner.ts'
import { readSettings, SettingsError } from './settings.ts'
import { PortError, startSimulator } from './simulate.ts'

/** What the user can do about a failed start. */
function explain(error: unknown): string {
  if (error instanceof SettingsError) return error.message
  if (!(error instanceof PortError)) throw error
  const advice: Record<string, string> = {
    EADDRINUSE:
      'Something listens there already: perhaps a real model server, or another simulator. Stop it, or choose other ports with MODEL_PORTS.',
    EADDRNOTAVAIL: 'This machine does not have that address: only local servers can be simulated.',
    EACCES: 'Ports below 1024 need rights that this user does not have.',
  }
  return `${error.message}. ${advice[error.code] ?? ''}`.trim()
}

try {
  const simulator = await startSimulator(readSettings(process.env, (path) => readFileSync(path, 'utf8')))
  process.stdout.write(banner(simulator.roster))
  const stop = (): void => void simulator.close().then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode = 1
}

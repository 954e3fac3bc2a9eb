import type { Command } from 'commander'
import type { Client } from './client.ts'
import { UsageError } from './errors.ts'
import { EXIT_HELP } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

interface Remote {
  url?: string
  token?: string
}

export interface AuditCommandParts {
  env: Readonly<Record<string, string | undefined>>
  terminal: Terminal
  exitWith: (code: number) => void
  clientOf: (remote: Remote) => Client
  /** Adds the options of a command that asks a service. */
  withRemote: (target: Command) => Command
}

interface Flags extends Remote {
  json: boolean
  offline: boolean
  tenant?: string
}

const OFFLINE = 'open the store of DATA_DIR or DATABASE_URL itself; with DATA_DIR the service must be stopped'

function check({ offline, tenant, url, token }: Flags): void {
  if (!offline && tenant !== undefined)
    throw new UsageError('--tenant needs --offline: the service shows the tenant of the token, and no other')
  if (offline && (url !== undefined || token !== undefined))
    throw new UsageError('--offline asks no service: leave --url and --token out')
}

/** Adds `audit verify|export`. The store is loaded only for --offline. */
export function addAuditCommands(program: Command, parts: AuditCommandParts): void {
  const { env, terminal, exitWith, clientOf, withRemote } = parts
  const audit = program.command('audit').description('Check the audit, or take it out').addHelpText('after', EXIT_HELP)
  const add = (name: string, description: string, tenant: string) =>
    withRemote(audit.command(name).description(description).addHelpText('after', EXIT_HELP))
      .option('--offline', OFFLINE, false)
      .option('--tenant <tenant>', tenant)

  add('verify', 'Find out whether anybody has tampered with the audit', 'with --offline: only this one').action(
    async (flags: Flags) => {
      check(flags)
      if (flags.offline) {
        const { verifyOffline } = await import('./audit-offline.ts')
        return exitWith(await verifyOffline(flags.tenant ?? null, flags.json, env, terminal))
      }
      const { verifyCommand } = await import('./audit.ts')
      exitWith(await verifyCommand(flags.json, clientOf(flags), terminal))
    },
  )
  add('export', 'Write the audit as a FHIR R4 Bundle', 'with --offline: whose (default: default)').action(
    async (flags: Flags) => {
      check(flags)
      if (flags.offline) {
        const { exportOffline } = await import('./audit-offline.ts')
        return exitWith(await exportOffline(flags.tenant ?? 'default', env, terminal))
      }
      const { exportCommand } = await import('./audit.ts')
      exitWith(await exportCommand(clientOf(flags), terminal))
    },
  )
}

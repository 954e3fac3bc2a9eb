import type { Command } from 'commander'
import { parseDuration } from './duration.ts'
import { EXIT_HELP } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

type Env = Readonly<Record<string, string | undefined>>

const olderThan = (text: string): number => parseDuration(text, '--older-than')

/** Adds `db migrate|check|prune|backup`. The store is loaded when one of them is called, not before. */
export function addDbCommands(program: Command, env: Env, terminal: Terminal, exitWith: (code: number) => void): void {
  const db = program
    .command('db')
    .description('Look after the store: DATA_DIR or DATABASE_URL say which, STORE_KEY opens it')
    .addHelpText('after', EXIT_HELP)
  const add = (name: string, description: string) =>
    db.command(name).description(description).addHelpText('after', EXIT_HELP)

  add('migrate', 'Bring the schema up to this version (a start of the service does the same)').action(async () => {
    const { migrateCommand } = await import('./db.ts')
    exitWith(await migrateCommand(env, terminal))
  })
  add('check', 'Look at the schema, and on SQLite at every page; changes nothing').action(async () => {
    const { checkCommand } = await import('./db.ts')
    exitWith(await checkCommand(env, terminal))
  })
  add('prune', 'Delete ended runs and memories that are old, but not their audit, nor evidence')
    .requiredOption('--older-than <time>', 'since they ended or were added, such as 90d', olderThan)
    .action(async ({ olderThan: ms }: { olderThan: number }) => {
      const { pruneCommand } = await import('./db.ts')
      exitWith(await pruneCommand(ms, env, terminal))
    })
  add('backup', 'Copy the SQLite database into a new file, also while the service runs')
    .argument('<file>', 'must not exist')
    .action(async (file: string) => {
      const { backupCommand } = await import('./db.ts')
      exitWith(await backupCommand(file, env, terminal))
    })
}

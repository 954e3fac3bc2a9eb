import type { Command } from 'commander'
import { addEvidenceCommand } from './evidence.ts'
import { EXIT_HELP } from './exit-codes.ts'
import type { RunsCommandParts } from './runs-commands.ts'

interface Flags {
  url?: string
  token?: string
  json: boolean
  title?: string
  source?: string
}

/** Adds `evidence add`. */
export function addEvidenceCommands(
  program: Command,
  { terminal, exitWith, clientOf, withRemote }: RunsCommandParts,
): void {
  const evidence = program
    .command('evidence')
    .description('Documents that answers may rest on and cite')
    .addHelpText('after', EXIT_HELP)
  withRemote(evidence.command('add').description('Add a text file').addHelpText('after', EXIT_HELP))
    .argument('<file>', 'plain text, UTF-8')
    .option('--title <title>', 'as citations name it (default: the name of the file without its ending)')
    .option('--source <source>', 'where it comes from (default: the name of the file)')
    .action(async (file: string, flags: Flags) => {
      const { title = null, source = null, json } = flags
      exitWith(await addEvidenceCommand(file, { title, source }, { client: clientOf(flags), terminal, json }))
    })
}

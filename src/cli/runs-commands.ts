import { type Command, Option } from 'commander'
import { RunState } from '../contract/runs.ts'
import type { Client } from './client.ts'
import { EXIT_HELP } from './exit-codes.ts'
import { parseLimit } from './options.ts'
import { cancelCommand, decideCommand, listCommand, type RunsParts, showCommand, watchCommand } from './runs.ts'
import type { Terminal } from './terminal.ts'

interface Remote {
  url?: string
  token?: string
  json: boolean
}

export interface RunsCommandParts {
  terminal: Terminal
  exitWith: (code: number) => void
  clientOf: (remote: Remote) => Client
  /** Adds the options of a command that asks a service. */
  withRemote: (target: Command) => Command
}

interface ListFlags extends Remote {
  status?: RunState
  workflow?: string
  limit: number
  cursor?: string
}

interface DecisionFlags extends Remote {
  comment?: string
  file?: string
  approval?: string
}

const APPROVAL = 'which approval, where more than one waits'

/** Adds `runs list|show|watch|cancel|approve|reject`. */
export function addRunsCommands(
  program: Command,
  { terminal, exitWith, clientOf, withRemote }: RunsCommandParts,
): void {
  const runs = program
    .command('runs')
    .description('See stored runs, end them, and decide on what waits for a human')
    .addHelpText('after', EXIT_HELP)
  const add = (name: string, description: string) =>
    withRemote(runs.command(name).description(description).addHelpText('after', EXIT_HELP))
  const addOne = (name: string, description: string) => add(name, description).argument('<id>', 'of the run')
  const partsOf = (remote: Remote): RunsParts => ({ client: clientOf(remote), terminal, json: remote.json })

  add('list', 'The runs of your tenant, the newest first')
    .addOption(new Option('--status <status>', 'only these').choices(RunState.options))
    .option('--workflow <type>', 'only of this workflow')
    .option('--limit <n>', 'runs on a page, 1 to 1000', parseLimit, 20)
    .option('--cursor <cursor>', 'the next page, as the one before says')
    .action(async (flags: ListFlags) => {
      const { status = null, workflow = null, limit, cursor = null } = flags
      exitWith(await listCommand({ status, workflow, limit, cursor }, partsOf(flags)))
    })

  addOne('show', 'One run: status, times, what waits for a human, and the document').action(
    async (id: string, flags: Remote) => exitWith(await showCommand(id, partsOf(flags))),
  )
  addOne('watch', 'Follow a run until it has ended').action(async (id: string, flags: Remote) =>
    exitWith(await watchCommand(id, partsOf(flags))),
  )
  addOne('cancel', 'End a run; one that has ended stays as it is').action(async (id: string, flags: Remote) =>
    exitWith(await cancelCommand(id, partsOf(flags))),
  )
  addOne('approve', 'Approve a text that waits, as it is or as you have edited it')
    .option('--comment <text>', 'kept with the decision')
    .option('--file <edited>', 'the whole text that is approved in place of the one shown')
    .option('--approval <id>', APPROVAL)
    .action(async (id: string, flags: DecisionFlags) => {
      const { comment = null, file = null, approval = null } = flags
      exitWith(await decideCommand(id, 'approve', { comment, file, approval }, partsOf(flags)))
    })
  addOne('reject', 'Reject a text that waits')
    .requiredOption('--comment <text>', 'why; kept with the decision')
    .option('--approval <id>', APPROVAL)
    .action(async (id: string, flags: DecisionFlags) => {
      const { comment = null, approval = null } = flags
      exitWith(await decideCommand(id, 'reject', { comment, file: null, approval }, partsOf(flags)))
    })
}

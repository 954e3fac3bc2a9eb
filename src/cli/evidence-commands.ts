import { type Command, Option } from 'commander'
import { MemoriesOf } from '../contract/evidence.ts'
import {
  clearMemoriesCommand,
  type DocumentsParts,
  listDocumentsCommand,
  removeDocumentCommand,
  type Shelf,
} from './documents.ts'
import { addEvidenceCommand } from './evidence.ts'
import { EXIT_HELP } from './exit-codes.ts'
import { parseLimit } from './options.ts'
import type { RunsCommandParts } from './runs-commands.ts'

interface Remote {
  url?: string
  token?: string
  json: boolean
}

interface AddFlags extends Remote {
  title?: string
  source?: string
}

interface ListFlags extends Remote {
  limit: number
  cursor?: string
}

/** Adds `evidence add|list|remove` and `memories list|remove|clear`. */
export function addEvidenceCommands(
  program: Command,
  { terminal, exitWith, clientOf, withRemote }: RunsCommandParts,
): void {
  const partsOf = (flags: Remote): DocumentsParts => ({ client: clientOf(flags), terminal, json: flags.json })

  /** A group of commands with `list` and `remove`, and a way to add others. */
  function group(name: string, shelf: Shelf, description: string) {
    const parent = program.command(name).description(description).addHelpText('after', EXIT_HELP)
    const add = (command: string, text: string) =>
      withRemote(parent.command(command).description(text).addHelpText('after', EXIT_HELP))
    add('list', 'What your tenant keeps, without its text')
      .option('--limit <n>', 'documents on a page, 1 to 1000', parseLimit, 20)
      .option('--cursor <cursor>', 'the next page, as the one before says')
      .action(async (flags: ListFlags) => {
        const { limit, cursor = null } = flags
        exitWith(await listDocumentsCommand(shelf, { limit, cursor }, partsOf(flags)))
      })
    add('remove', 'Remove one, with all its passages')
      .argument('<id>', 'as the list names it')
      .action(async (id: string, flags: Remote) => exitWith(await removeDocumentCommand(shelf, id, partsOf(flags))))
    return add
  }

  const addToEvidence = group('evidence', '/v1/evidence', 'Documents that answers may rest on and cite')
  addToEvidence('add', 'Add a text file')
    .argument('<file>', 'plain text, UTF-8')
    .option('--title <title>', 'as citations name it (default: the name of the file without its ending)')
    .option('--source <source>', 'where it comes from (default: the name of the file)')
    .action(async (file: string, flags: AddFlags) => {
      const { title = null, source = null } = flags
      exitWith(await addEvidenceCommand(file, { title, source }, partsOf(flags)))
    })

  const addToMemories = group('memories', '/v1/memories', 'What tasks have left for later ones (store_memory)')
  addToMemories('clear', 'Remove all that you have left, or all of your tenant (needs the scope admin too)')
    .addOption(new Option('--of <whose>', 'whose memories').choices(MemoriesOf.options).makeOptionMandatory())
    .action(async (flags: Remote & { of: MemoriesOf }) =>
      exitWith(await clearMemoriesCommand(flags.of, partsOf(flags))),
    )
}

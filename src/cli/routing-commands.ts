import { type Command, Option } from 'commander'
import { EXIT_HELP } from './exit-codes.ts'
import { parseWhole } from './options.ts'
import type { Terminal } from './terminal.ts'

type Env = Readonly<Record<string, string | undefined>>

interface ExportFlags {
  out: string
  consent?: 'deidentified' | 'identified'
  deidentify: boolean
  all: boolean
  tenant: string
  limit: number
}

interface ImportFlags {
  rules: boolean
  fewShot?: number
  out?: string
}

const parseMost = (text: string): number => parseWhole(text, '--limit', 1, 1_000_000)
const parseExamples = (text: string): number => parseWhole(text, '--few-shot', 1, 100)

/** Adds `routing export|import`. The store is loaded when one of them is called, not before. */
export function addRoutingCommands(
  program: Command,
  env: Env,
  terminal: Terminal,
  exitWith: (code: number) => void,
): void {
  const routing = program
    .command('routing')
    .description('Take decisions of the routing out with their outcomes, and learn from them')
    .addHelpText('after', EXIT_HELP)
  const add = (name: string, description: string) =>
    routing.command(name).description(description).addHelpText('after', EXIT_HELP)

  add('export', 'Write decisions with their outcomes as JSONL; opens the store itself, like audit --offline')
    .requiredOption('--out <file>', 'must not exist')
    .addOption(
      new Option('--consent [to]', 'whose texts these are may be used so; "identified" for texts as they are')
        .choices(['deidentified', 'identified'])
        .preset('deidentified'),
    )
    .option('--no-deidentify', 'leave names, dates and ids in the texts; needs --consent identified')
    .option('--all', 'also decisions that did not end well, marked', false)
    .option('--tenant <tenant>', 'whose runs', 'default')
    .option('--limit <n>', 'at most so many decisions, the newest', parseMost, 10_000)
    .action(async (flags: ExportFlags) => {
      const { exportTraining } = await import('./routing-export.ts')
      exitWith(await exportTraining({ ...flags, consent: flags.consent ?? null }, env, terminal))
    })

  add('import', 'Derive rules for the roster, or examples for the orchestrator model, from such a file')
    .argument('<file>', 'as routing export writes it')
    .option('--rules', 'print routing.rules, to be pasted into the roster file', false)
    .option('--few-shot <n>', 'print so many examples', parseExamples)
    .option('--out <file>', 'write the examples there instead; must not exist')
    .action(async (file: string, { rules, fewShot, out }: ImportFlags) => {
      const { importTraining } = await import('./routing-import.ts')
      exitWith(await importTraining(file, { rules, examples: fewShot ?? null, out: out ?? null }, terminal))
    })
}

import type { Command } from 'commander'
import type { Client } from './client.ts'
import { UsageError } from './errors.ts'
import type { ExitCode } from './exit-codes.ts'
import { healthCommand, modelsCommand, statsCommand } from './state.ts'
import { type TaskOptions, taskCommand } from './task.ts'
import type { Terminal } from './terminal.ts'

interface Remote {
  url?: string
  token?: string
  json: boolean
}

interface RunFlags extends Remote {
  stream: boolean
  speed: boolean
  quality: boolean
  cost: boolean
  model?: string
}

interface Parts {
  terminal: Terminal
  exitWith: (code: number) => void
  clientOf: (remote: { url?: string; token?: string }) => Client
  withRemote: (target: Command) => Command
}

function preferOf({ speed, quality, cost }: RunFlags): TaskOptions['prefer'] {
  const chosen = [speed && 'speed', quality && 'quality', cost && 'cost'].filter((one) => one !== false)
  if (chosen.length > 1) throw new UsageError('Choose one of --speed, --quality and --cost')
  return (chosen[0] as TaskOptions['prefer']) ?? null
}

const STATES = {
  models: ['The models of a service: where they are, and how they do', modelsCommand],
  health: ['Ask a service for the state of its models, store, Redis and memory', healthCommand],
  stats: ['What your tenant has had done, by type of task and model', statsCommand],
} as const satisfies Record<string, readonly [string, (json: boolean, c: Client, t: Terminal) => Promise<ExitCode>]>

/** `--models`, `--health` and `--stats` in the place of a command mean the command of that name. */
export const asCommands = (argv: readonly string[]): string[] =>
  argv.map((word, at) => (at === 2 && /^--(models|health|stats)$/.test(word) ? word.slice(2) : word))

/** `run`, `models`, `health` and `stats`. */
export function addTaskCommands(program: Command, { terminal, exitWith, clientOf, withRemote }: Parts): void {
  withRemote(
    program
      .command('run')
      .description('Give one task in plain words to the model that suits it best')
      .argument('<task>', 'what is to be done; its answer goes to stdout, facts about it to stderr'),
  )
    .option('--stream', 'print the answer as it is written', false)
    .option('--speed', 'prefer a fast model', false)
    .option('--quality', 'prefer a good model', false)
    .option('--cost', 'prefer a cheap model', false)
    .option('--model <name>', 'ask this model; nothing is chosen')
    .action(async (task: string, flags: RunFlags) => {
      const { stream, json, model = null } = flags
      exitWith(await taskCommand({ task, prefer: preferOf(flags), model, stream, json }, clientOf(flags), terminal))
    })
  for (const [name, [description, run]] of Object.entries(STATES))
    withRemote(program.command(name).description(description)).action(async (flags: Remote) =>
      exitWith(await run(flags.json, clientOf(flags), terminal)),
    )
}

#!/usr/bin/env node
import './node-version.ts'
import { Command, CommanderError } from 'commander'
import { addAuditCommands } from './cli/audit-commands.ts'
import { createClient } from './cli/client.ts'
import { parseSetting } from './cli/context.ts'
import { addDbCommands } from './cli/db-commands.ts'
import { parseDuration } from './cli/duration.ts'
import { addEvidenceCommands } from './cli/evidence-commands.ts'
import { executeCommand } from './cli/execute.ts'
import { EXIT, EXIT_HELP } from './cli/exit-codes.ts'
import { describeFault } from './cli/fault.ts'
import { firstGiven, parsePriority, parseRow, parseTimeout } from './cli/options.ts'
import { addRoutingCommands } from './cli/routing-commands.ts'
import { addRunsCommands } from './cli/runs-commands.ts'
import { addTaskCommands, asCommands } from './cli/tasks-commands.ts'
import { createTerminal } from './cli/terminal.ts'
import { makeToken } from './cli/token.ts'
import { typesCommand } from './cli/types.ts'
import { version } from './version.ts'

const { env } = process
const terminal = createTerminal(process.stdout, process.stderr, env.TERM === 'dumb')
// A reader that has seen enough (| head) closes the pipe; that is no fault.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
const exitWith = (code: number): void => {
  process.exitCode = code
}

interface Remote {
  url?: string
  token?: string
}

const clientOf = ({ url, token }: Remote) =>
  createClient(
    firstGiven('--url is empty', url, env.CONSILIUM_URL, 'http://127.0.0.1:8000'),
    firstGiven('No token: set CONSILIUM_TOKEN or give --token. "cli -- token" makes one.', token, env.CONSILIUM_TOKEN),
  )

const collect = (text: string, before: Record<string, string> = {}) => {
  const [key, value] = parseSetting(text)
  return Object.fromEntries([...Object.entries(before), [key, value]])
}

const program = new Command('consilium')
  .description('Clinical documentation on the models a hospital hosts itself.')
  .version(version)
  .exitOverride()
  .showHelpAfterError('(--help shows every command and option)')
  .addHelpText('after', EXIT_HELP)

const command = (name: string, description: string) =>
  program.command(name).description(description).addHelpText('after', EXIT_HELP)

const withRemote = (target: Command) =>
  target
    .option('--url <url>', 'the service; else CONSILIUM_URL, else http://127.0.0.1:8000')
    .option('--token <token>', 'bearer token; better CONSILIUM_TOKEN, which other users of the machine cannot see')
    .option('--json', 'print the answer of the service as JSON', false)

const withContext = (target: Command) =>
  target
    .option(
      '--context <file>',
      "context object as JSON, or any JSON, text or .csv to take whole as the workflow's main document",
    )
    .option('--row <n>', 'row of a .csv, counted from 1 below its header (default: 1)', parseRow)

const MEASURE = 'run the tasks a second time, one at a time, and show what that took'

interface DemoFlags {
  workflow: string
  context?: string
  row?: number
  measure: boolean
}

withContext(
  command('demo', 'Run a workflow from end to end; on simulated model servers unless real ones are configured'),
)
  .option('--workflow <name>', 'which workflow', 'discharge_summary')
  .option('--measure', MEASURE, false)
  .action(async ({ workflow, context, row, measure }: DemoFlags) => {
    // Loads the whole service, which the other commands do without.
    const { demoCommand } = await import('./cli/demo.ts')
    exitWith(await demoCommand({ workflow, file: context ?? null, row: row ?? null, set: {}, measure }, env, terminal))
  })

withRemote(
  withContext(
    command('execute', 'Run a workflow on a service and show its document').argument('<type>', 'workflow type'),
  ),
)
  .option('--set <key=value>', 'one context value; may be repeated, wins over --context', collect)
  .option('--tasks <file>', "JSON array of tasks instead of the workflow's own")
  .option('--priority <n>', 'from 0 to 5 (most urgent)', parsePriority)
  .option('--timeout <time>', 'the run ends then with what it has, such as 90s', parseTimeout)
  .option('--measure', MEASURE, false)
  .option('--async', 'hand the run over and do not wait for it', false)
  .option('--key <key>', 'Idempotency-Key: sent again with the same request, it gives the same run')
  .action(async (type: string, options: Remote & ExecuteFlags) => {
    const { context, row, set = {}, tasks, priority, timeout, measure, json, key = null } = options
    const wanted = { type, file: context ?? null, row: row ?? null, set, tasks: tasks ?? null }
    const full = {
      ...wanted,
      priority: priority ?? null,
      timeout_ms: timeout ?? null,
      measure,
      background: options.async,
      key,
      json,
    }
    exitWith(await executeCommand(full, clientOf(options), terminal))
  })

interface ExecuteFlags {
  context?: string
  row?: number
  set?: Record<string, string>
  tasks?: string
  priority?: number
  timeout?: number
  measure: boolean
  async: boolean
  key?: string
  json: boolean
}

withRemote(command('types', 'List the workflows of a service and what each needs')).action(
  async (options: Remote & { json: boolean }) => {
    exitWith(await typesCommand(options.json, clientOf(options), terminal))
  },
)

command('token', 'Print a bearer token, signed with JWT_SECRET (and JWT_ISSUER, JWT_AUDIENCE where set)')
  .option('--sub <subject>', 'whom the token names', 'developer')
  .option('--tenant <tenant>', 'whose runs it may see', 'default')
  .option('--scope <scopes>', 'separated by spaces (default: workflows:execute workflows:read runs:read)')
  .option('--expires <time>', 'how long it holds, such as 8h', '8h')
  .action(({ sub, tenant, scope, expires }: { sub: string; tenant: string; scope?: string; expires: string }) => {
    const expires_ms = parseDuration(expires, '--expires')
    terminal.out(`${makeToken({ subject: sub, tenant, scope: scope ?? null, expires_ms }, env)}\n`)
  })

addDbCommands(program, env, terminal, exitWith)
addRunsCommands(program, { terminal, exitWith, clientOf, withRemote })
addEvidenceCommands(program, { terminal, exitWith, clientOf, withRemote })
addTaskCommands(program, { terminal, exitWith, clientOf, withRemote })
addRoutingCommands(program, env, terminal, exitWith)
addAuditCommands(program, { env, terminal, exitWith, clientOf, withRemote })

try {
  await program.parseAsync(asCommands(process.argv))
} catch (error) {
  if (error instanceof CommanderError) exitWith(error.exitCode === 0 ? EXIT.ok : EXIT.usage)
  else {
    const { lines, exit } = describeFault(error)
    const [first = '', ...rest] = lines
    terminal.err(`${terminal.paintErr('red', first)}\n${rest.map((line) => `${line}\n`).join('')}`)
    exitWith(exit)
  }
}

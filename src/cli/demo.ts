import { sampleContexts } from '../../simulator/samples.ts'
import { workflows } from '../../workflows/index.ts'
import { type Client, createClient } from './client.ts'
import type { ChosenContext } from './context.ts'
import { type DemoService, startDemoService } from './demo-service.ts'
import { UsageError } from './errors.ts'
import { type ContextOptions, contextOf, runAndReport } from './execute.ts'
import type { ExitCode } from './exit-codes.ts'
import { plural } from './numbers.ts'
import { printable } from './printable.ts'
import type { Terminal } from './terminal.ts'
import { labelled } from './wrap.ts'

export interface DemoOptions extends ContextOptions {
  workflow: string
  /** Runs the plan a second time, one task at a time. */
  measure: boolean
}

const SAMPLE = 'fictional: invented for this demonstration, no real person'

function patientOf({ file, row }: ContextOptions): string {
  if (file === null) return SAMPLE
  return row === null ? `from ${file}` : `from ${file}, row ${row}`
}

const modelsOf = ({ simulated }: DemoService): string =>
  simulated === null
    ? 'the configured model servers (MODEL_PORTS or MODELS_FILE)'
    : `${plural(simulated, 'simulated model server')} on free ports; no model will be asked`

async function choose(options: DemoOptions, client: Client): Promise<ChosenContext> {
  if (options.file !== null || options.row !== null) return contextOf(options, options.workflow, client)
  const context = sampleContexts[options.workflow]
  if (context === undefined) throw new UsageError(`There is no sample for ${options.workflow}: give --context FILE`)
  return { context, notes: [] }
}

/**
 * The main job from end to end: model servers, service, token, one workflow over HTTP, its document and what was
 * measured. Returns the exit code. Throws a UsageError for an unknown workflow or an unreadable file.
 */
export async function demoCommand(
  options: DemoOptions,
  env: Readonly<Record<string, string | undefined>>,
  terminal: Terminal,
): Promise<ExitCode> {
  const workflow = workflows.find(({ type }) => type === options.workflow)
  if (workflow === undefined)
    throw new UsageError(`--workflow must be one of ${workflows.map(({ type }) => type).join(', ')}`)
  const service = await startDemoService(env, terminal.err)
  try {
    const client = createClient(service.address, service.token)
    const { context, notes } = await choose(options, client)
    const field = (name: string, text: string) =>
      `${labelled(`  ${name}`, 12, printable(text), terminal.columns).join('\n')}\n`
    terminal.out(`${terminal.paint('bold', 'Consilium demo')}\n`)
    terminal.out(field('Models', modelsOf(service)) + field('Service', service.address))
    terminal.out(field('Workflow', `${workflow.type}: ${workflow.description}`) + field('Patient', patientOf(options)))
    terminal.out(notes.map((note) => field('Note', note)).join(''))
    const measure = options.measure ? { measure: 'sequential' as const } : {}
    const request = { workflow_type: workflow.type, context, ...measure }
    return await runAndReport(client, request, { json: false, key: null }, terminal)
  } finally {
    await service.stop()
  }
}

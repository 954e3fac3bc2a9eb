import type { WorkflowTypes } from '../contract/views.ts'
import type { Client } from './client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { plural } from './numbers.ts'
import { printable } from './printable.ts'
import type { Paint, Terminal } from './terminal.ts'
import { labelled } from './wrap.ts'

/** Every workflow with what it does, what it needs and how its tasks stand to each other, as lines. */
function typesLines({ workflows, total_count }: WorkflowTypes, paint: Paint, columns: number): string[] {
  const lines: string[] = []
  const field = (label: string, text: string) => lines.push(...labelled(`  ${label}`, 12, text, columns))
  for (const [name, workflow] of Object.entries(workflows)) {
    const { description, execution, required_context, optional_context, tasks } = workflow
    lines.push(`${paint('bold', printable(name))}  (${plural(tasks.length, 'task')}, ${execution})`)
    field('', printable(description))
    const shown = tasks.map(({ task_id, agent_type, dependencies }) => {
      const after = dependencies.length === 0 ? '' : ` after ${dependencies.join(', ')}`
      return `${task_id} (${agent_type}${after})`
    })
    field('tasks', printable(shown.join('; ')))
    field('needs', printable(required_context.join(', ') || 'nothing'))
    if (optional_context.length > 0) field('may have', printable(optional_context.join(', ')))
    lines.push('')
  }
  lines.push(plural(total_count, 'workflow'))
  return lines
}

/** `types`: what workflows the service has. */
export async function typesCommand(json: boolean, client: Client, terminal: Terminal): Promise<ExitCode> {
  const { types, raw } = await client.types()
  if (json) terminal.out(`${JSON.stringify(raw, null, 2)}\n`)
  else terminal.out(`${typesLines(types, terminal.paint, Math.min(terminal.columns ?? 100, 100)).join('\n')}\n`)
  return EXIT.ok
}

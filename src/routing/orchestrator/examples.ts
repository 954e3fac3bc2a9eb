import { z } from 'zod'
import { fieldErrors } from '../../contract/field-errors.ts'
import { TaskType } from '../../contract/task-type.ts'
import { ConfigError } from '../../errors.ts'

/** As `cli -- routing import --few-shot` writes them. */
const ExampleFile = z.strictObject({
  examples: z
    .array(
      z.strictObject({
        query: z.string().min(1).max(4000),
        task_type: TaskType,
        optimal_routing: z.strictObject({
          model: z.string().min(1).max(128),
          tools: z.array(z.string().max(128)),
          cost: z.number().min(0).nullable(),
        }),
      }),
    )
    .min(1)
    .max(20),
})

/** Good choices of the past, for a prompt: what was asked, and which model answered it well. Throws a ConfigError. */
export function examplesIn(content: unknown, path: string): string {
  const parsed = ExampleFile.safeParse(content)
  if (!parsed.success) {
    const lines = fieldErrors(parsed.error.issues, '(file)').map(({ field, message }) => `  ${field}: ${message}`)
    throw new ConfigError(`ORCHESTRATOR_EXAMPLES ${path} holds no examples:\n${lines.join('\n')}`)
  }
  const told = parsed.data.examples.map(
    ({ query, task_type, optimal_routing: { model } }) => `- ${JSON.stringify(query)} (${task_type}): ${model}`,
  )
  return `Models that have done well before:\n${told.join('\n')}`
}

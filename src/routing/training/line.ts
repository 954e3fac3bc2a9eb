import { z } from 'zod'
import { fieldErrors } from '../../contract/field-errors.ts'
import { must, number, text } from '../../contract/must.ts'
import { TaskType } from '../../contract/task-type.ts'

const routing = z.strictObject(
  {
    model: text(128),
    tools: z.array(text(128), must('a list of tools')),
    cost: number(0, 1_000_000).nullable().describe('US dollars; null: not known'),
  },
  must('an object with model, tools and cost'),
)
export type TriedRouting = z.output<typeof routing>

const common = {
  query: text(1_000_000).describe('What was asked'),
  task_type: TaskType,
  latency_ms: number(0, 1e12),
}

/** A decision that ended well: the model gave a whole answer. */
const Good = z.strictObject({ ...common, outcome: z.literal('succeeded'), optimal_routing: routing })
/** One that did not: what was tried stands under another name, so that nobody learns it as a good one. */
const Bad = z.strictObject({
  ...common,
  outcome: z.enum(['failed', 'truncated']),
  optimal_routing: z.null(must('null: the task did not end well')),
  tried_routing: routing,
})

const OUTCOME = must('succeeded, failed or truncated')

/** One line of a training file. */
export const TrainingLine = z.discriminatedUnion('outcome', [Good, Bad], OUTCOME)
export type TrainingLine = z.output<typeof TrainingLine>

/** What was done, whatever became of it. */
export const routingOf = (line: TrainingLine): TriedRouting =>
  line.outcome === 'succeeded' ? line.optimal_routing : line.tried_routing

/** `line` counts from 1. The message says what must stand there and never what does. */
export type ParsedTraining =
  | { ok: true; lines: TrainingLine[] }
  | { ok: false; faults: readonly { line: number; message: string }[] }

const MOST_FAULTS = 10

function parseLine(json: string): TrainingLine | string {
  let content: unknown
  try {
    content = JSON.parse(json)
  } catch {
    return 'is not JSON'
  }
  const parsed = TrainingLine.safeParse(content)
  if (parsed.success) return parsed.data
  return fieldErrors(parsed.error.issues, '(line)')
    .map(({ field, message }) => `${field} ${message}`)
    .join('; ')
}

/** Reads a training file: one JSON object a line, blank lines left out. Tells the first ten faults. */
export function parseTraining(content: string): ParsedTraining {
  const lines: TrainingLine[] = []
  const faults: { line: number; message: string }[] = []
  // A byte order mark, as some editors write it, is no part of the first line.
  for (const [at, json] of content
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (json.trim() === '') continue
    const parsed = parseLine(json)
    if (typeof parsed !== 'string') lines.push(parsed)
    else if (faults.push({ line: at + 1, message: parsed }) === MOST_FAULTS) break
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, lines }
}

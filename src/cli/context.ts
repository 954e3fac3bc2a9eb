import { isBlank } from '../plan/workflow.ts'
import { UsageError } from './errors.ts'

export const NOT_STATED = 'not stated'

/** Required keys that stand for a whole document, the more telling first. */
const DOCUMENTS = [
  'patient_data',
  'patient_case',
  'lab_results',
  'findings',
  'medications',
  'service',
  'question',
] as const

export interface ChosenContext {
  context: Record<string, unknown>
  /** What the reader must know about how it was made. */
  notes: string[]
}

/** The key under which a file that is no context object goes; null when the workflow requires nothing. */
export function mainKeyOf(required: readonly string[]): string | null {
  const known = DOCUMENTS.find((key) => required.includes(key))
  return known ?? required.find((key) => !key.endsWith('_date')) ?? required[0] ?? null
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const stated = (object: Record<string, unknown>, key: string): boolean =>
  Object.hasOwn(object, key) && !isBlank(object[key])

/**
 * A workflow's context from the content of a file: the content itself when it is an object with the workflow's main
 * document, else the content whole as that document. `given` values win over the file's. Required keys that neither has
 * become `not stated`, which the notes say: nothing is guessed from the document.
 */
export function chooseContext(
  content: unknown,
  required: readonly string[],
  given: Readonly<Record<string, string>>,
): ChosenContext {
  if (isBlank(content)) throw new UsageError('The context file holds nothing')
  const notes: string[] = []
  const main = mainKeyOf(required)
  const fields = isObject(content) ? content : {}
  let context: Record<string, unknown>
  if (main === null || stated(fields, main)) context = { ...fields, ...given }
  else {
    const own = required.filter((key) => stated(fields, key)).map((key) => [key, fields[key]])
    context = { [main]: content, ...Object.fromEntries(own), ...given }
    notes.push(`Taken whole as ${main}.`)
  }
  const missing = required.filter((key) => !stated(context, key))
  for (const key of missing) context[key] = NOT_STATED
  if (missing.length > 0) notes.push(`Missing there, so given as "${NOT_STATED}": ${missing.join(', ')}.`)
  return { context, notes }
}

/** `key=value` as given with --set. Throws a UsageError when there is no `=` or no key. */
export function parseSetting(text: string): [string, string] {
  const at = text.indexOf('=')
  const key = text.slice(0, Math.max(0, at)).trim()
  if (key === '') throw new UsageError('--set must be key=value')
  return [key, text.slice(at + 1)]
}

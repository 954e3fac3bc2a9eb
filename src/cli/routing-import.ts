import { fewShot } from '../routing/training/few-shot.ts'
import { parseTraining, type TrainingLine } from '../routing/training/line.ts'
import { rulesFrom } from '../routing/training/rules.ts'
import { readTextFile } from './context-file.ts'
import { UsageError } from './errors.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { writeNewFile } from './routing-file.ts'
import type { Terminal } from './terminal.ts'

export interface ImportWishes {
  rules: boolean
  /** How many; null: none. */
  examples: number | null
  /** File for the examples; null: standard output. */
  out: string | null
}

function check({ rules, examples, out }: ImportWishes): void {
  if (rules === (examples !== null)) throw new UsageError('Say what is wanted: --rules or --few-shot N, one of the two')
  if (rules && out !== null) throw new UsageError('--out goes with --few-shot; --rules are printed, to be pasted')
}

async function readLines(path: string): Promise<TrainingLine[]> {
  const parsed = parseTraining(await readTextFile(path, 'FILE'))
  if (!parsed.ok)
    throw new UsageError(
      `${path} is not a training file:\n${parsed.faults.map(({ line, message }) => `  line ${line}: ${message}`).join('\n')}`,
    )
  if (parsed.lines.length === 0) throw new UsageError(`${path} holds no decisions`)
  return parsed.lines
}

const jsonOf = (content: unknown): string => `${JSON.stringify(content, null, 2)}\n`

const ONLY_GOOD =
  'Every decision in the file ended well, so the rules say which models were used most, not which failed least. ' +
  'Export with --all to learn from failures too.\n'
const NO_RULES = 'No model has five decisions of one type and is proven to succeed more often than not: no rules.\n'

function printRules(lines: readonly TrainingLine[], terminal: Terminal): void {
  const routing = rulesFrom(lines)
  terminal.out(jsonOf({ routing }))
  if (lines.every(({ outcome }) => outcome === 'succeeded')) terminal.err(ONLY_GOOD)
  if (Object.keys(routing.rules ?? {}).length === 0) terminal.err(NO_RULES)
}

/** `routing import`: prints rules for the roster file, or makes a file of examples. It never changes a roster. */
export async function importTraining(path: string, wishes: ImportWishes, terminal: Terminal): Promise<ExitCode> {
  check(wishes)
  const lines = await readLines(path)
  const { examples, out } = wishes
  if (examples === null) printRules(lines, terminal)
  else {
    const content = fewShot(lines, examples)
    if (out === null) terminal.out(jsonOf(content))
    else {
      await writeNewFile(out, '--out', (write) => write(jsonOf(content)))
      const { length } = content.examples
      terminal.out(`${out}: ${length} ${length === 1 ? 'example' : 'examples'}.\n`)
    }
  }
  return EXIT.ok
}

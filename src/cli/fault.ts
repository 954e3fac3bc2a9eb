import { ConfigError } from '../errors.ts'
import { Refused, ServiceError, UsageError } from './errors.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { printable } from './printable.ts'
import { problemLines } from './problem.ts'

/** What a command that ended with an error says on stderr, and its exit code. An unforeseen error shows its stack. */
export function describeFault(error: unknown): { lines: string[]; exit: ExitCode } {
  if (error instanceof Refused) return { lines: problemLines(error.problem, error.retry_after_s), exit: EXIT.failed }
  if (error instanceof ServiceError) return { lines: [printable(error.message)], exit: EXIT.failed }
  if (error instanceof UsageError || error instanceof ConfigError)
    return { lines: printable(error.message).split('\n'), exit: EXIT.usage }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { lines: printable(`The command broke: ${text}`).split('\n'), exit: EXIT.failed }
}

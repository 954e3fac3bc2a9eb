/** What a command leaves behind for scripts. */
export const EXIT = {
  ok: 0,
  /** The run did not succeed whole, an audit chain is broken, something that is needed is down, or the service refused it or could not be reached. */
  failed: 1,
  usage: 2,
  /** Nothing is wrong: the run goes on without its caller, or waits for a human. */
  waiting: 3,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export const EXIT_HELP = `
Exit codes:
  0  done; for execute, demo and runs watch: every task succeeded and no answer was cut; for health: all that is needed is up
  1  the run ended partial, failed or cancelled, an audit chain is broken, something that is needed is down, or the service refused it
     or could not be reached
  2  the command cannot be carried out as written (option, file, token, configuration)
  3  the run is not over: it waits for a human, or goes on without its caller`

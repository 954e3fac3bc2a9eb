import type { ProblemBody } from './problem.ts'

/** The command cannot be carried out as it was written: bad option, unreadable file, missing token. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The service could not be reached, or did not answer as Consilium does. Exit code 1. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
}

/** The service refused a request and said why. Exit code 1. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly problem: ProblemBody
  /** When to try again; null when the service did not say. */
  readonly retry_after_s: number | null

  constructor(problem: ProblemBody, retry_after_s: number | null) {
    super(`${problem.code}: ${problem.detail}`)
    this.problem = problem
    this.retry_after_s = retry_after_s
  }
}

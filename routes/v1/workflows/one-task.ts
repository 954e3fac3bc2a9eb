import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ExecuteRequest } from '../../../src/contract/execute.ts'
import type { ExecuteResponse } from '../../../src/contract/result.ts'
import type { Service } from '../../../src/contract/service.ts'
import { Problem } from '../../../src/errors.ts'
import { RUN_PROBLEMS, submissionOf } from './answer.ts'
import type { Format } from './event-queue.ts'
import { READER_LIMITS } from './event-writer.ts'
import { type FieldNames, inOwnFields } from './own-fields.ts'
import { problemOf } from './problem-of.ts'
import { endOf, streamRun } from './stream.ts'

/** What a route of one task may answer with, besides its response. */
export const TASK_PROBLEMS = [
  ...RUN_PROBLEMS,
  'no_model',
  'models_away',
  'conflict',
  'egress_refused',
  'budget_exceeded',
  'context_overflow',
] as const

/** The submission of a route that always answers at once. Throws a Problem when its caller asks for anything else. */
export function submissionAtOnce(request: FastifyRequest, reply: FastifyReply) {
  const submission = submissionOf(request, reply)
  if (submission.respond_async)
    throw new Problem('invalid_request', 'This is answered at once: send no Prefer: respond-async.', {
      errors: [{ field: 'Prefer', message: 'respond-async goes with POST /v1/workflows/execute' }],
    })
  return submission
}

export interface OneTask<T> {
  service: Service
  run: ExecuteRequest
  submission: ReturnType<typeof submissionAtOnce>
  /** Writes the stream; null: the caller wants the answer whole. */
  stream: Format | null
  answer: (response: ExecuteResponse) => T
  /** For refusals: members of the run's task as the route calls them. */
  fields: FieldNames
}

/**
 * Runs one task and answers it in the route's own shape, whole or as a stream. Throws a Problem when there is no answer,
 * which names the fields of the route.
 */
export async function runOneTask<T>(
  task: OneTask<T>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<T | undefined> {
  try {
    return await runAndTell(task, request, reply)
  } catch (error) {
    throw error instanceof Problem ? inOwnFields(error, task.fields) : error
  }
}

async function runAndTell<T>(
  { service, run, submission, stream, answer }: Omit<OneTask<T>, 'fields'>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<T | undefined> {
  if (stream !== null) {
    await streamRun(service, run, submission, request, reply, READER_LIMITS, stream)
    return undefined
  }
  const became = await service.execute(run, submission)
  if (became.kind === 'accepted')
    throw new Problem('conflict', `The run ${became.run_id} is still going on: ask for it at /v1/runs.`)
  if (became.kind === 'replayed') reply.header('idempotency-replayed', 'true')
  const end = became.kind === 'replayed' ? endOf(became.run) : became.end
  const problem = problemOf(end, true)
  if (problem) throw problem
  return answer(end.response)
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RunEvent } from '../../../src/contract/events.ts'
import type { ExecuteRequest } from '../../../src/contract/execute.ts'
import type { ExecuteOptions, Service } from '../../../src/contract/service.ts'
import { Problem } from '../../../src/errors.ts'
import { EventQueue } from './event-queue.ts'
import { problemOf } from './problem-of.ts'

/**
 * Answers a run as server-sent events. A request that is refused never starts a stream: its Problem is thrown and goes out
 * as an ordinary problem response. A stream that was started always ends with `run.finished`.
 */
export async function streamRun(
  service: Service,
  body: ExecuteRequest,
  options: ExecuteOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const queue = new EventQueue()
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  let streaming = false
  const emit = (event: RunEvent) => {
    streaming = true
    queue.push(event)
    begin()
  }
  const finish = (data: object) => emit({ event: 'run.finished', data: data as Record<string, unknown> })
  const run = service
    .execute(body, { ...options, emit })
    .then(
      (end) => {
        const problem = problemOf(end)
        finish(problem ? request.server.problemBody(problem, request.id) : end.response)
      },
      (error: unknown) => {
        if (!streaming) throw error
        request.log.error({ err: error }, 'run broke while it was streamed')
        finish(
          request.server.problemBody(
            new Problem('internal_error', 'The service failed; the run has no result.'),
            request.id,
          ),
        )
      },
    )
    .finally(() => queue.end())
  await Promise.race([begun, run])
  await reply.sse.send(queue)
  await run
}

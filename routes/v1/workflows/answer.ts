import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CancelSignal } from '../../../src/contract/cancel.ts'
import type { ExecuteRequest, RunQuery } from '../../../src/contract/execute.ts'
import type { ExecuteOptions, Service } from '../../../src/contract/service.ts'
import type { ReaderLimits } from './event-writer.ts'
import { problemOf } from './problem-of.ts'
import { streamRun } from './stream.ts'

/** What a route that runs something may answer with, besides its response. */
export const RUN_PROBLEMS = ['run_failed', 'run_timeout'] as const

/** A caller that goes away takes its run with it. */
const departureOf = ({ raw }: FastifyReply): CancelSignal => ({
  get cancelled() {
    return raw.destroyed
  },
  onCancel: (callback) => {
    const left = () => {
      if (!raw.writableFinished) callback()
    }
    if (raw.destroyed) callback()
    else raw.once('close', left)
    return () => raw.off('close', left)
  },
})

/**
 * Runs a request and answers it: as JSON, as a problem, or as a stream of events where the caller asked for one, within
 * `limits` of its reader. The route's schema must hold RunQuery.
 */
export async function runAndAnswer(
  service: Service,
  body: ExecuteRequest,
  request: FastifyRequest,
  reply: FastifyReply,
  limits?: ReaderLimits,
) {
  const { tenant, subject } = request.caller
  const options: ExecuteOptions = {
    caller: { tenant, subject, request_id: request.id },
    cancel: departureOf(reply),
    timeline: (request.query as RunQuery).timeline === 'true',
  }
  if (reply.sse) return streamRun(service, body, options, request, reply, limits)
  const end = await service.execute(body, options)
  const problem = problemOf(end)
  if (problem) throw problem
  return end.response
}

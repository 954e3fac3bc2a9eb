import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CancelSignal } from '../../../src/contract/cancel.ts'
import type { ExecuteRequest, RunQuery } from '../../../src/contract/execute.ts'
import type { RunAnswer, Service, SubmitOptions } from '../../../src/contract/service.ts'
import { Problem } from '../../../src/errors.ts'
import type { ReaderLimits } from './event-writer.ts'
import { problemOf } from './problem-of.ts'
import { streamRun } from './stream.ts'
import { readSubmission, type Submission } from './submission.ts'

/** What a route that runs something may answer with, besides its response. */
export const RUN_PROBLEMS = ['run_failed', 'run_timeout', 'idempotency_mismatch'] as const

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

/** Who asks, how the run ends when they leave, and what the headers say. Throws a Problem. */
export function submissionOf(request: FastifyRequest, reply: FastifyReply) {
  const { tenant, subject } = request.caller
  return {
    caller: { tenant, subject, request_id: request.id },
    cancel: departureOf(reply),
    ...readSubmission(request.headers),
  }
}

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
  const { webhook_url = null, ...own } = body
  const submission = submissionOf(request, reply)
  if (webhook_url !== null && !submission.respond_async) throw needsAsync()
  const options: SubmitOptions = {
    ...submission,
    timeline: (request.query as RunQuery).timeline === 'true',
    webhook: webhook_url,
  }
  if (reply.sse && !submission.respond_async) return streamRun(service, own, options, request, reply, limits)
  const answer = await service.execute(own, options)
  if (answer.kind === 'accepted') return accept(answer, submission, reply)
  if (answer.kind === 'replayed') {
    reply.header('idempotency-replayed', 'true')
    return answer.run
  }
  const problem = problemOf(answer.end)
  if (problem) throw problem
  return answer.end.response
}

const needsAsync = () =>
  new Problem('invalid_request', 'webhook_url goes with Prefer: respond-async only.', {
    errors: [{ field: 'webhook_url', message: 'needs the header "Prefer: respond-async", or leave it out' }],
  })

function accept(
  { run_id, status, replayed }: Extract<RunAnswer, { kind: 'accepted' }>,
  { respond_async }: Pick<Submission, 'respond_async'>,
  reply: FastifyReply,
) {
  reply.code(202).header('location', `/v1/runs/${run_id}`)
  if (respond_async) reply.header('preference-applied', 'respond-async')
  if (replayed) reply.header('idempotency-replayed', 'true')
  return { run_id, status }
}

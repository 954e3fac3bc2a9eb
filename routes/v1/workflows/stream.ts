import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RunEvent } from '../../../src/contract/events.ts'
import type { ExecuteRequest } from '../../../src/contract/execute.ts'
import type { ExecuteResponse } from '../../../src/contract/result.ts'
import type { RunView } from '../../../src/contract/runs.ts'
import type { RunAnswer, RunEnd, Service, SubmitOptions } from '../../../src/contract/service.ts'
import { storeProblem } from '../../../src/contract/store-problem.ts'
import { Problem, StoreError } from '../../../src/errors.ts'
import type { Format } from './event-queue.ts'
import { EventWriter, READER_LIMITS, type ReaderLimits } from './event-writer.ts'
import { problemOf } from './problem-of.ts'

/** For routes that stream a run: the Accept header decides; heartbeats are EventWriter's. */
export const STREAMED = { kind: 'dual', heartbeat: false } as const

/** Sends the head of the stream and gives its writer. */
export function openStream(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
  limits: ReaderLimits,
  format?: Format,
): EventWriter {
  // no-store: clinical text. no-transform: a proxy that compresses holds events back.
  reply.header('cache-control', 'no-cache, no-store, no-transform').header('x-accel-buffering', 'no')
  // @fastify/sse says keep-alive whatever the caller asked for.
  if (!reply.raw.shouldKeepAlive) reply.header('connection', 'close')
  reply.sse.sendHeaders()
  return new EventWriter({
    raw: reply.raw,
    socket: request.raw.socket,
    limits,
    format,
    onDrop: (reason, waiting_bytes) => {
      service.readerDropped()
      request.log.warn({ reason, waiting_bytes }, 'slow reader dropped')
    },
  })
}

/** The problem that ends a stream. Its head has gone out long ago, so what would be Retry-After stands in the body. */
function lastWord(problem: Problem, request: FastifyRequest): Record<string, unknown> {
  const { retryAfterS } = problem.options
  const body = request.server.problemBody(problem, request.id)
  return retryAfterS === undefined ? body : { ...body, retry_after_s: Math.max(1, Math.ceil(retryAfterS)) }
}

/** The event that tells how a run ended; `isTask` as of `problemOf`. */
export function finishedEvent(end: RunEnd, request: FastifyRequest, isTask = false): RunEvent {
  const problem = problemOf(end, isTask)
  return { event: 'run.finished', data: problem ? lastWord(problem, request) : end.response }
}

/** A kept run as it was answered the first time. */
export function endOf(run: RunView): RunEnd {
  const { document_status: _, approvals: __, created_at: ___, started_at: ____, finished_at: _____, ...rest } = run
  return { response: rest as ExecuteResponse, timed_out: false, stopped: false }
}

/** What ends a stream, with its id as EventQueue takes it. */
interface LastEvent {
  event: RunEvent
  id: number | undefined
}

/** `told`: the last number of the run's history that this stream has told; null: it counts by itself. */
function lastEvent(answer: RunAnswer, told: number | null, request: FastifyRequest, isTask: boolean): LastEvent {
  // The end follows what this stream has told of a history, and in one that counts by itself what it has counted.
  if (answer.kind === 'ended') return { event: finishedEvent(answer.end, request, isTask), id: undefined }
  if (answer.kind === 'replayed')
    return { event: finishedEvent(endOf(answer.run), request, isTask), id: answer.last_event_id + 1 }
  const { run_id, status } = answer
  return { event: { event: 'run.parked', data: { run_id, status } }, id: told ?? 0 }
}

/**
 * Answers a run as server-sent events. A request that is refused never starts a stream: its Problem is thrown and goes out
 * as an ordinary problem response. A stream that was started ends with `run.finished`, or `run.parked` where the run goes on
 * without it, unless its reader left or was dropped as too slow; both end the run too, if nothing keeps it. A last event that
 * stands in no history repeats the id before it (0 for none): the next number is that of something which is still to come.
 */
export async function streamRun(
  service: Service,
  body: ExecuteRequest,
  options: SubmitOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  limits: ReaderLimits = READER_LIMITS,
  format?: Format,
): Promise<void> {
  let writer: EventWriter | null = null
  let told: number | null = null
  const emit = (event: RunEvent, id?: number | null): EventWriter => {
    told = id ?? told
    writer ??= openStream(service, request, reply, limits, format)
    writer.push(event, id)
    return writer
  }
  const brokenBy = (error: unknown): Problem => {
    const known = error instanceof StoreError ? storeProblem(error) : error
    if (known instanceof Problem) return known
    request.log.error({ err: error }, 'run broke while it was streamed')
    return new Problem('internal_error', 'The service failed; the run has no result.')
  }
  const run = async (): Promise<LastEvent> => {
    try {
      const answer = await service.execute(body, { ...options, emit })
      // Only routes of one task write events in a form of their own.
      return lastEvent(answer, told, request, format !== undefined)
    } catch (error) {
      if (writer === null) throw error
      return { event: { event: 'run.finished', data: lastWord(brokenBy(error), request) }, id: told ?? undefined }
    }
  }
  const { event, id } = await run()
  const last = emit(event, id)
  last.end()
  await last.closed
}

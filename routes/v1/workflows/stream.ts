import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RunEvent } from '../../../src/contract/events.ts'
import type { ExecuteRequest } from '../../../src/contract/execute.ts'
import type { ExecuteOptions, Service } from '../../../src/contract/service.ts'
import { Problem } from '../../../src/errors.ts'
import { EventWriter, READER_LIMITS, type ReaderLimits } from './event-writer.ts'
import { problemOf } from './problem-of.ts'

/** For routes that stream a run: the Accept header decides; heartbeats are EventWriter's. */
export const STREAMED = { kind: 'dual', heartbeat: false } as const

/** Sends the head of the stream and gives its writer. */
function open(service: Service, request: FastifyRequest, reply: FastifyReply, limits: ReaderLimits): EventWriter {
  // no-store: clinical text. no-transform: a proxy that compresses holds events back.
  reply.header('cache-control', 'no-cache, no-store, no-transform').header('x-accel-buffering', 'no')
  // @fastify/sse says keep-alive whatever the caller asked for.
  if (!reply.raw.shouldKeepAlive) reply.header('connection', 'close')
  reply.sse.sendHeaders()
  return new EventWriter({
    raw: reply.raw,
    socket: request.raw.socket,
    limits,
    onDrop: (reason, waiting_bytes) => {
      service.readerDropped()
      request.log.warn({ reason, waiting_bytes }, 'slow reader dropped')
    },
  })
}

/**
 * Answers a run as server-sent events. A request that is refused never starts a stream: its Problem is thrown and goes out
 * as an ordinary problem response. A stream that was started ends with `run.finished`, unless its reader left or was
 * dropped as too slow; both end the run too.
 */
export async function streamRun(
  service: Service,
  body: ExecuteRequest,
  options: ExecuteOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  limits: ReaderLimits = READER_LIMITS,
): Promise<void> {
  let writer: EventWriter | null = null
  const emit = (event: RunEvent): EventWriter => {
    writer ??= open(service, request, reply, limits)
    writer.push(event)
    return writer
  }
  const run = async (): Promise<object> => {
    try {
      const end = await service.execute(body, { ...options, emit })
      const problem = problemOf(end)
      return problem ? request.server.problemBody(problem, request.id) : end.response
    } catch (error) {
      if (writer === null) throw error
      request.log.error({ err: error }, 'run broke while it was streamed')
      const fault = new Problem('internal_error', 'The service failed; the run has no result.')
      return request.server.problemBody(fault, request.id)
    }
  }
  const finished = await run()
  const last = emit({ event: 'run.finished', data: finished as Record<string, unknown> })
  last.end()
  await last.closed
}

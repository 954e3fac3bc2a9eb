import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import type { ExecuteResponse } from '../contract/result.ts'
import { safeError } from '../contract/safe-error.ts'
import type { RunCaller } from '../contract/service.ts'
import { LogSink } from './log-sink.ts'

const count = (values: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

/** What a log may say of a run: ids, names of ours, counts and times. Task ids are the caller's words and stay out. */
export function describeRun(response: ExecuteResponse, caller: RunCaller) {
  const { metadata } = response
  return {
    request_id: caller.request_id,
    run_id: response.run_id,
    tenant: caller.tenant,
    subject: caller.subject,
    workflow: response.workflow_type,
    status: response.status,
    tasks: metadata.num_tasks,
    total_ms: response.total_latency_ms,
    speedup: metadata.speedup_factor,
    efficiency: response.parallel_efficiency,
    queue_ms: metadata.queue_time_ms,
    retry_ms: metadata.retry_time_ms,
    overhead_ms: metadata.overhead_ms,
    service_ms: metadata.service_ms,
    simulated: metadata.simulated,
    errors: count(metadata.errors.map((error) => error.code)),
  }
}

/** The log: only what the allow-list serializers above let through ever reaches it. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: {
      // Without words of ours pino takes the error's message for them.
      logMethod(args, write) {
        const [first, message] = args as [unknown, unknown]
        const failed = first instanceof Error || (first as { err?: unknown } | null)?.err instanceof Error
        if (failed && message === undefined) write.apply(this, [first as object, 'fault'])
        else write.apply(this, args)
      },
    },
    serializers: {
      err: (error: unknown) => safeError(error),
      // Fastify logs these by itself on some paths; the plugins log what may be said.
      req: (request: { id?: unknown }) => ({ id: request?.id }),
      res: (reply: { statusCode?: unknown }) => ({ status: reply?.statusCode }),
    },
  }
  return pino(options, destination ?? new LogSink())
}

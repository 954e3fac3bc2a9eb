import type { AddressInfo } from 'node:net'
import sse from '@fastify/sse'
import Fastify from 'fastify'
import { expect, onTestFinished, vi } from 'vitest'
import { runAndAnswer } from '../../../routes/v1/workflows/answer.ts'
import { READER_LIMITS, type ReaderLimits } from '../../../routes/v1/workflows/event-writer.ts'
import { STREAMED } from '../../../routes/v1/workflows/stream.ts'
import type { RunEvent } from '../../../src/contract/events.ts'
import type { ExecuteOptions, RunAnswer, RunEnd, Service } from '../../../src/contract/service.ts'
import problem from '../../../src/plugins/problem.ts'
import { createLogger } from '../../../src/telemetry/log.ts'

export interface StubRun {
  emit: (event: RunEvent) => void
  /** Resolves when the caller is gone. */
  cancelled: Promise<void>
}

/**
 * The execute route alone, on a socket, over runs that do what the test says. The test fails if a request stays open after
 * its connection is gone.
 */
export async function stubStream(script: (run: StubRun) => Promise<object>, limits: Partial<ReaderLimits> = {}) {
  const lines: Record<string, unknown>[] = []
  const app = Fastify({
    loggerInstance: createLogger('info', { write: (text) => void lines.push(JSON.parse(text)) }) as never,
  })
  const readerDropped = vi.fn()
  const execute = async (_: unknown, { emit = () => undefined, cancel }: ExecuteOptions): Promise<RunAnswer> => {
    const cancelled = new Promise<void>((resolve) => void cancel?.onCancel(resolve))
    const response = {
      status: 'succeeded',
      metadata: { num_tasks: 1, errors: [] },
      results: [],
      ...(await script({ emit, cancelled })),
    }
    return { kind: 'ended', end: { response, timed_out: false, stopped: false } as unknown as RunEnd }
  }
  const service = { execute, readerDropped } as unknown as Service
  app.decorateRequest('caller', { getter: () => ({ tenant: 't', subject: 's' }) as never })
  await app.register(problem)
  await app.register(sse.default)
  let open = 0
  app.post('/v1/workflows/execute', { sse: STREAMED }, async (request, reply) => {
    open++
    try {
      return await runAndAnswer(service, request.body as never, request, reply, { ...READER_LIMITS, ...limits })
    } finally {
      open--
    }
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    app.server.closeAllConnections()
    await expect.poll(() => open, { message: 'requests still open' }).toBe(0)
    await app.close()
  })
  const connections = () => new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)))
  return {
    port: (app.server.address() as AddressInfo).port,
    readerDropped,
    connections,
    lines: (msg: string) => lines.filter((line) => line.msg === msg),
    faults: () => lines.filter(({ level }) => Number(level) >= 50),
  }
}

export const STARTED: RunEvent = { event: 'run.started', data: { run_id: 'r', workflow_type: 'custom', tasks: [] } }
export const delta = (text: string, task_id = 'a', attempt = 1): RunEvent => ({
  event: 'task.delta',
  data: { task_id, attempt, delta: text },
})

import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import type { CancelSignal } from '../../../src/contract/cancel.ts'
import { RunParams } from '../../../src/contract/runs.ts'
import type { Watching } from '../../../src/contract/service.ts'
import { PROBLEMS, Problem } from '../../../src/errors.ts'
import { READER_LIMITS } from '../workflows/event-writer.ts'
import { finishedEvent, openStream } from '../workflows/stream.ts'

const schema = {
  summary: 'The events of a run: its whole history after `Last-Event-ID`, then what comes',
  tags: ['runs'],
  params: RunParams,
  headers: z.looseObject({ 'last-event-id': z.string().optional().describe('Number of the last event that you have') }),
}

const readLast = (header: string | string[] | undefined): number => {
  if (header === undefined || header === '') return 0
  if (typeof header === 'string' && /^\d{1,9}$/.test(header)) return Number(header)
  throw new Problem('invalid_request', 'The Last-Event-ID is not valid; see errors.', {
    errors: [{ field: 'Last-Event-ID', message: 'must be the id of an event of this run' }],
  })
}

/** @fastify/sse refuses in words of its own whoever takes no events. */
const refuseOthers = async (_request: unknown, { statusCode }: FastifyReply, payload: unknown): Promise<unknown> => {
  if (statusCode !== PROBLEMS.not_acceptable.status) return payload
  throw new Problem('not_acceptable', 'This is a stream of events: send Accept: text/event-stream.', {
    errors: [{ field: 'Accept', message: 'must allow text/event-stream' }],
  })
}

const leaving = ({ raw }: FastifyReply): CancelSignal => ({
  get cancelled() {
    return raw.destroyed
  },
  onCancel: (callback) => {
    if (raw.destroyed) callback()
    else raw.once('close', callback)
    return () => raw.off('close', callback)
  },
})

export default async function events(app: FastifyInstance): Promise<void> {
  const { service } = app
  app.get<{ Params: RunParams }>(
    '/:run_id/events',
    {
      schema,
      sse: { kind: 'only', heartbeat: false },
      preSerialization: refuseOthers,
      config: { scope: 'runs:read', audit: 'run.events', problems: ['not_found', 'not_acceptable'] },
    },
    async (request, reply) => {
      const { tenant } = request.caller
      const { run_id } = request.params
      const after = readLast(request.headers['last-event-id'])
      // Before the head of the stream goes out: a run that is not there is a 404.
      await service.runs.view(tenant, run_id)
      await request.noteAccess()
      const writer = openStream(service, request, reply, READER_LIMITS)
      const emit: Watching['emit'] = (event, id) => writer.push(event, id)
      try {
        const told = await service.runs.watch({ tenant, run_id, after, emit, left: leaving(reply) })
        // Whoever has the end already is told nothing twice. A plain run keeps no events, so what ids its own stream gave says nothing.
        if (told !== null && (told.last_event_id === 0 || after !== told.last_event_id + 1))
          writer.push(finishedEvent(told.end, request), told.last_event_id + 1)
      } catch (error) {
        // The head of the stream is gone: it ends, and whoever comes back with Last-Event-ID has lost nothing.
        request.log.error({ err: error }, 'a stream of events broke')
      }
      writer.end()
      await writer.closed
    },
  )
}

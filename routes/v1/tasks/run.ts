import type { FastifyInstance } from 'fastify'
import type { ExecuteRequest } from '../../../src/contract/execute.ts'
import type { ExecuteResponse } from '../../../src/contract/result.ts'
import type { RunEnd, Service } from '../../../src/contract/service.ts'
import { TaskAnswer, TaskRequest } from '../../../src/contract/tasks.ts'
import { hearKind } from '../workflows/kind.ts'
import { runOneTask, submissionAtOnce, TASK_PROBLEMS } from '../workflows/one-task.ts'
import { SUBMISSION_HEADERS } from '../workflows/submission.ts'
import { answerOf } from './answer.ts'
import { TaskEvents } from './events.ts'
import { runOf, TASK_FIELDS } from './request.ts'

const schema = {
  summary: 'One task in plain words, for the model that suits it best',
  description:
    'A run of one task whose model is chosen by privacy, budget, load and what it asks for. With `stream` the answer comes as events: `metadata`, `content` (`reset: true`: drop what has come) and `done`.',
  tags: ['tasks'],
  body: TaskRequest,
  headers: SUBMISSION_HEADERS,
  response: { 200: TaskAnswer },
}

/** Longest that a finished answer is held back until it is remembered, in ms. */
const KEEPING_MS = 5000

/** Remembers task and answer where that is wished, once the run has ended well. Whoever asked waits for that, within their time. */
function remembering(service: Service, { store_memory, task, timeout_ms = Number.POSITIVE_INFINITY }: TaskRequest) {
  const began = performance.now()
  let memory: TaskAnswer['memory'] = null
  const keep = async ({ response }: RunEnd, options: Parameters<Service['execute']>[1]): Promise<string | null> => {
    const [result] = response.results
    if (result === undefined || result.content === null) return 'There is no answer.'
    if (result.cached === true) return 'The answer was known before (cached): there is nothing new to remember.'
    const within_ms = Math.min(KEEPING_MS, timeout_ms - (performance.now() - began))
    if (within_ms <= 0) return 'No time was left for it: timeout_ms was over.'
    const about = { source: `run/${response.run_id}`, title: 'An earlier task' }
    const { caller, cancel } = options
    return service.remember(caller, `${task}\n\n${result.content}`, about, { within_ms, ...(cancel && { cancel }) })
  }
  const execute: Service['execute'] = async (run, options) => {
    const answer = await service.execute(run, options)
    if (answer.kind === 'ended' && store_memory === true) {
      const reason = await keep(answer.end, options)
      memory = { stored: reason === null, reason }
    }
    return answer
  }
  return { service: { ...service, execute }, memory: () => memory }
}

/** The run of a request, with the kind of its work and the time that is left, where a small model was asked first. */
async function clarified(
  body: TaskRequest,
  submission: ReturnType<typeof submissionAtOnce>,
  service: Service,
): Promise<ExecuteRequest> {
  if (body.task_type !== undefined || body.model !== undefined) return runOf(body)
  const { kind, timeout_ms } = await hearKind(service, body.task, submission, body.timeout_ms)
  return runOf({ ...body, ...(timeout_ms !== undefined && { timeout_ms }) }, kind)
}

export default async function tasks(app: FastifyInstance): Promise<void> {
  app.post<{ Body: TaskRequest }>(
    '/tasks',
    {
      schema,
      sse: { kind: 'manual', heartbeat: false },
      config: { scope: 'workflows:execute', problems: TASK_PROBLEMS },
    },
    async (request, reply) => {
      const { body } = request
      const { service, memory } = remembering(app.service, body)
      const submission = submissionAtOnce(request, reply)
      const run = await clarified(body, submission, service)
      const task = {
        service,
        run,
        submission,
        stream: body.stream === true ? new TaskEvents(memory).write : null,
        answer: (response: ExecuteResponse) => answerOf(response, memory()),
        fields: TASK_FIELDS,
      }
      return runOneTask(task, request, reply)
    },
  )
}

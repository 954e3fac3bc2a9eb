import type { FastifyInstance } from 'fastify'
import type { ExecuteResponse } from '../../../src/contract/result.ts'
import type { RunEnd, Service } from '../../../src/contract/service.ts'
import { TaskAnswer, TaskRequest } from '../../../src/contract/tasks.ts'
import { RUN_PROBLEMS } from '../workflows/answer.ts'
import { runOneTask, submissionAtOnce } from '../workflows/one-task.ts'
import { SUBMISSION_HEADERS } from '../workflows/submission.ts'
import { answerOf } from './answer.ts'
import { TaskEvents } from './events.ts'
import { runOf } from './request.ts'

const schema = {
  summary: 'One task in plain words, for the model that suits it best',
  description:
    'A run of one task whose model is chosen by privacy, budget, load and what it asks for. With `stream` the answer comes as events: `metadata`, `content` (`reset: true`: drop what has come) and `done`.',
  tags: ['tasks'],
  body: TaskRequest,
  headers: SUBMISSION_HEADERS,
  response: { 200: TaskAnswer },
}

/** Remembers task and answer where that is wished, once the run has ended well. */
function remembering(service: Service, { store_memory, task }: TaskRequest) {
  let memory: TaskAnswer['memory'] = null
  const keep = async ({ response }: RunEnd, options: Parameters<Service['execute']>[1]): Promise<void> => {
    if (store_memory !== true) return
    const content = response.results[0]?.content ?? null
    const reason =
      content === null
        ? 'There is no answer.'
        : await service.remember(options.caller, `${task}\n\n${content}`, {
            source: `run/${response.run_id}`,
            title: 'An earlier task',
          })
    memory = { stored: reason === null, reason }
  }
  const execute: Service['execute'] = async (run, options) => {
    const answer = await service.execute(run, options)
    if (answer.kind === 'ended') await keep(answer.end, options)
    return answer
  }
  return { service: { ...service, execute }, memory: () => memory }
}

/**
 * What kind of work it is by a small model's word. Not for a request with a key: sent again it must be the same, whatever that
 * model says then.
 */
function kindOf({ task, model }: TaskRequest, submission: ReturnType<typeof submissionAtOnce>, service: Service) {
  const { caller, cancel, idempotency_key } = submission
  return model === undefined && idempotency_key === null ? service.clarify(task, { caller, cancel }) : null
}

export default async function tasks(app: FastifyInstance): Promise<void> {
  app.post<{ Body: TaskRequest }>(
    '/tasks',
    {
      schema,
      sse: { kind: 'manual', heartbeat: false },
      config: { scope: 'workflows:execute', problems: [...RUN_PROBLEMS, 'no_model', 'conflict'] },
    },
    async (request, reply) => {
      const { body } = request
      const { service, memory } = remembering(app.service, body)
      const submission = submissionAtOnce(request, reply)
      const task_type = body.task_type ?? (await kindOf(body, submission, service))
      const task = {
        service,
        run: runOf(body, task_type ?? undefined),
        submission,
        stream: body.stream === true ? new TaskEvents(memory).write : null,
        answer: (response: ExecuteResponse) => answerOf(response, memory()),
      }
      return runOneTask(task, request, reply)
    },
  )
}

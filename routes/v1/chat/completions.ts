import type { FastifyInstance } from 'fastify'
import { askedIn } from '../../../src/contract/asked.ts'
import type { ExecuteRequest } from '../../../src/contract/execute.ts'
import { ChatCompletion, ChatCompletionRequest } from '../../../src/contract/openai.ts'
import type { Service } from '../../../src/contract/service.ts'
import { Problem } from '../../../src/errors.ts'
import { hearKind } from '../workflows/kind.ts'
import { runOneTask, submissionAtOnce, TASK_PROBLEMS } from '../workflows/one-task.ts'
import { SUBMISSION_HEADERS } from '../workflows/submission.ts'
import { Chunks } from './chunks.ts'
import { completionOf } from './completion.ts'
import { CHAT_FIELDS, runOf } from './request.ts'

const schema = {
  summary: 'One chat completion, in OpenAI’s shape: any OpenAI client can be pointed here',
  description:
    'A run of one task: it goes through the lane of its model, is retried and falls back, is recorded and audited like every other. With `stream` the answer comes in chunks. What is not supported is refused by name.',
  tags: ['openai'],
  body: ChatCompletionRequest,
  headers: SUBMISSION_HEADERS,
  response: { 200: ChatCompletion },
}

/** The run of a request, with the kind of its work where a small model was asked first. */
async function clarified(
  body: ChatCompletionRequest,
  submission: ReturnType<typeof submissionAtOnce>,
  service: Service,
): Promise<ExecuteRequest> {
  const run = runOf(body)
  const [task] = run.custom_tasks ?? []
  if (body.model !== 'auto' || task === undefined) return run
  const { kind } = await hearKind(service, askedIn(task.messages ?? []), submission)
  if (kind === null) return run
  return { ...run, custom_tasks: [{ ...task, task_type: kind, task_type_by: 'small_model' }] }
}

export default async function completions(app: FastifyInstance): Promise<void> {
  const { service } = app
  app.post<{ Body: ChatCompletionRequest }>(
    '/completions',
    // Whether it streams is said by the body, whatever Accept says.
    {
      schema,
      sse: { kind: 'manual', heartbeat: false },
      config: {
        scope: 'workflows:execute',
        problems: [...TASK_PROBLEMS, 'not_found'],
        openAiErrors: true,
      },
    },
    async (request, reply) => {
      const { body } = request
      if (!service.listModels().data.some(({ id }) => id === body.model))
        throw new Problem('not_found', 'There is no such model. GET /v1/models lists them.', {
          errors: [{ field: 'model', message: 'is not one of GET /v1/models' }],
        })
      const chunks = body.stream === true ? new Chunks(body.stream_options?.include_usage === true) : null
      const submission = submissionAtOnce(request, reply)
      const task = {
        service,
        run: await clarified(body, submission, service),
        submission,
        stream: chunks?.write ?? null,
        answer: completionOf,
        fields: CHAT_FIELDS,
      }
      return runOneTask(task, request, reply)
    },
  )
}

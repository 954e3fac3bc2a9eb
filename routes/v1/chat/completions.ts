import type { FastifyInstance } from 'fastify'
import { ChatCompletion, ChatCompletionRequest } from '../../../src/contract/openai.ts'
import { Problem } from '../../../src/errors.ts'
import { RUN_PROBLEMS } from '../workflows/answer.ts'
import { runOneTask, submissionAtOnce } from '../workflows/one-task.ts'
import { SUBMISSION_HEADERS } from '../workflows/submission.ts'
import { Chunks } from './chunks.ts'
import { completionOf } from './completion.ts'
import { runOf } from './request.ts'

const schema = {
  summary: 'One chat completion, in OpenAI’s shape: any OpenAI client can be pointed here',
  description:
    'A run of one task: it goes through the lane of its model, is retried and falls back, is recorded and audited like every other. With `stream` the answer comes in chunks. What is not supported is refused by name.',
  tags: ['openai'],
  body: ChatCompletionRequest,
  headers: SUBMISSION_HEADERS,
  response: { 200: ChatCompletion },
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
        problems: [...RUN_PROBLEMS, 'no_model', 'not_found', 'conflict'],
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
      const task = {
        service,
        run: runOf(body),
        submission: submissionAtOnce(request, reply),
        stream: chunks?.write ?? null,
        answer: completionOf,
      }
      return runOneTask(task, request, reply)
    },
  )
}

import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { RunQuery } from '../../../src/contract/execute.ts'
import { ExecuteResponse } from '../../../src/contract/result.ts'
import { RunAccepted } from '../../../src/contract/runs.ts'
import { RUN_PROBLEMS, runAndAnswer } from './answer.ts'
import { STREAMED } from './stream.ts'
import { SUBMISSION_HEADERS } from './submission.ts'

// Absent keys are left to planning, so that this route and execute refuse them with the same words.
const Body = z
  .looseObject({
    patient_data: z.unknown().optional().describe('The stay: text or any JSON'),
    admission_date: z.unknown().optional().describe('As it shall stand in the document'),
    discharge_date: z.unknown().optional().describe('As it shall stand in the document'),
  })
  .meta({
    description: 'The context of discharge_summary; further keys are handed to its tasks',
    required: ['patient_data', 'admission_date', 'discharge_date'],
  })

const schema = {
  summary: 'Run discharge_summary on one patient',
  tags: ['workflows'],
  querystring: RunQuery,
  body: Body,
  headers: SUBMISSION_HEADERS,
  response: { 200: ExecuteResponse, 202: RunAccepted },
}

export default async function dischargeSummary(app: FastifyInstance): Promise<void> {
  app.post<{ Body: z.output<typeof Body> }>(
    '/discharge-summary',
    { schema, sse: STREAMED, config: { scope: 'workflows:execute', problems: RUN_PROBLEMS } },
    (request, reply) =>
      runAndAnswer(app.service, { workflow_type: 'discharge_summary', context: request.body }, request, reply),
  )
}

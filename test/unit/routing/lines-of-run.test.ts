import { describe, expect, it } from 'vitest'
import type { ExecuteRequest } from '../../../src/contract/execute.ts'
import type { ExecuteResponse } from '../../../src/contract/result.ts'
import { linesOfRun } from '../../../src/routing/training/lines-of-run.ts'

const routing = { task_type: 'SIMPLE', planned_tools: ['answer'] }
const answered = {
  ...{ task_id: 'answer', status: 'succeeded', truncated: false, model: 'm', cost: 0, latency_ms: 5, routing },
} as unknown as ExecuteResponse['results'][number]

/** The query of the one line of a run that was this conversation. */
const queryOf = (...messages: [role: 'user' | 'assistant', content: string][]) => {
  const custom_tasks = [{ task_id: 'answer', messages: messages.map(([role, content]) => ({ role, content })) }]
  const request = { workflow_type: 'custom', context: {}, custom_tasks } as unknown as ExecuteRequest
  return linesOfRun(request, { results: [answered] } as unknown as ExecuteResponse).lines[0]?.query
}

describe('the query of a decision', () => {
  it('is what the user asked, never what a tool has answered', () => {
    const tool = '<tool_response>\nMrs Roe, K 6.1\n</tool_response>'
    expect(queryOf(['user', 'Is it high?'], ['assistant', '<tool_call>…</tool_call>'], ['user', tool])).toBe(
      'Is it high?',
    )
  })

  it('holds no data of a context', () => {
    expect(queryOf(['user', 'Sum up.\n\n<context>\nMrs Roe, 63.\n</context>'])).toBe('Sum up.')
  })
})

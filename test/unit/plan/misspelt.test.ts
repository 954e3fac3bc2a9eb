import { describe, expect, it } from 'vitest'
import { buildPlan } from '../../../src/plan/build.ts'
import { office, refusal, request, task } from '../../helpers/plans.ts'

const plan = (prompt: string, context: Record<string, unknown> = { note: 'N' }) =>
  buildPlan(office(), request({ context, custom_tasks: [task('a', { prompt })] }))

describe('a prompt', () => {
  it.each([
    'Say {{contex.note}}',
    'Say {{Context.note}}',
    'Say {{tasks.a.ouput}}',
    'Say {{context.note',
    'Say {{tasks.a}}',
  ])('with a misspelt placeholder is refused, for the model would get braces instead of data: %s', (prompt) => {
    const problem = refusal(() => plan(prompt))
    expect(problem.code).toBe('invalid_request')
    expect(problem.options.errors?.[0]?.field).toBe('custom_tasks[0].prompt')
  })

  it('may hold other text in braces, and data may hold anything', () => {
    expect(() => plan('{{7*7}} {{name}} {{context.note}}', { note: '{{contex.x}} {{tasks.y}}' })).not.toThrow()
  })
})

import { expect, it } from 'vitest'
import { ConfigError } from '../../../../src/errors.ts'
import { examplesIn } from '../../../../src/routing/orchestrator/examples.ts'
import { turnMessages } from '../../../../src/routing/orchestrator/work.ts'

const GOOD = {
  examples: [
    {
      query: 'Is 38.2 °C a "fever"?',
      task_type: 'SIMPLE',
      optimal_routing: { model: 'small', tools: ['answer'], cost: 0 },
    },
  ],
}

it('shows good choices before it asks for one', () => {
  const examples = examplesIn(GOOD, 'e.json')
  const [, user] = turnMessages({ problem: 'P', documents: [], notes: [] }, 1000, examples)
  expect(user?.content).toMatch(
    /well before:\n- "Is 38\.2 °C a \\"fever\\"\?" \(SIMPLE\): small\n\nChoose an appropriate tool\.$/,
  )
})

it.each([[{}], [{ examples: [] }], [{ examples: [{ ...GOOD.examples[0], task_type: 'NONE' }] }], ['x']])(
  'says what is wrong with a file: %j',
  (content) => {
    expect(() => examplesIn(content, 'e.json')).toThrow(ConfigError)
    expect(() => examplesIn(content, 'e.json')).toThrow(/ORCHESTRATOR_EXAMPLES e\.json/)
  },
)

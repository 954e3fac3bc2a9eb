import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../../simulator/request.ts'
import { sampleContexts } from '../../../simulator/samples.ts'
import { writeText } from '../../../simulator/text.ts'
import { countTokens } from '../../../simulator/tokens.ts'
import { contextBlock, outputBlock } from '../../../src/plan/template.ts'
import { asText } from '../../../src/plan/text.ts'
import { workflows } from '../../../workflows/index.ts'

const write = (system: string, user: string): string =>
  writeText('M', {
    model: 'm',
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: user },
    ],
    max_tokens: null,
    temperature: null,
    stream: false,
    include_usage: false,
    priority: null,
  } satisfies ChatRequest)

const HEADED = `You write.
Headings and what to write under each:
Medications: each with dose.
Follow-up: appointments.
Rules:
- Copy: exactly.`

const output = (text: string) => outputBlock('drug_analysis', { agent_type: 'Clinical', text, truncated: false })

describe('the text of a simulated model', () => {
  it('says in its first line what it is', () => {
    expect(write('', '').split('\n')[0]).toBe('[simulated by M; not for clinical use]')
  })

  it('has the headings that the system message asks for, in their order, and takes no rule for one', () => {
    const lines = write(HEADED, contextBlock('note', 'Furosemide 40 mg daily.\nClinic in two weeks.')).split('\n')
    expect(lines.filter((line) => /^[^-].*:$/.test(line))).toEqual(['Medications:', 'Follow-up:'])
  })

  it('places what it quotes under the heading that it fits, word for word', () => {
    const text = write(HEADED, contextBlock('note', 'Clinic in two weeks.\nFurosemide 40 mg daily.'))
    expect(text).toContain('Medications:\n- “Furosemide 40 mg daily.” (note)')
    expect(text).toContain('Follow-up:\n- “Clinic in two weeks.” (note)')
  })

  it('says so when no quote fits a heading, instead of inventing one', () => {
    expect(write(HEADED, contextBlock('note', 'Furosemide 40 mg daily.'))).toContain('Follow-up:\n- (no quote')
  })

  it('shows the beginning of every context value', () => {
    const text = write(HEADED, `${contextBlock('admission_date', '2026-03-02')}\n${contextBlock('plan', 'PPO')}`)
    expect(text).toContain('admission_date “2026-03-02”; plan “PPO”')
  })

  it('cites the first lines of each output of an earlier task, by its name and agent', () => {
    const text = write(
      HEADED,
      `Go on.\n\nResults of earlier tasks:\n${output('Warfarin interacts.\nCheck the INR.\nMore.')}`,
    )
    expect(text).toContain('Builds on:\n- drug_analysis (Clinical): "Warfarin interacts. / Check the INR."')
  })

  it('cites the words of an earlier simulated text, not its mark', () => {
    const text = write('', output('[simulated by X; not for clinical use]\nFirst words.'))
    expect(text).toContain('drug_analysis (Clinical): "First words."')
    expect(write('', output('[simulated by X; not for clinical use]'))).toContain('"[simulated by X')
  })

  it('quotes the prompt itself when it holds no data', () => {
    expect(write('', 'Is aspirin safe here?')).toContain('- “Is aspirin safe here?” (prompt)')
  })

  it('keeps a dose with its drug', () => {
    const list = asText([
      { drug: 'warfarin', dose: '5 mg' },
      { drug: 'amiodarone', dose: '200 mg' },
    ])
    const text = write(HEADED, contextBlock('medications', list))
    expect(text).toContain('“drug: warfarin; dose: 5 mg” (medications)')
  })

  it('is whole within the max_tokens of every task of every workflow, on the samples', () => {
    const tasks = workflows.flatMap(({ type, tasks }) => tasks.map((task) => ({ type, task })))
    const blocks = (type: string): string =>
      Object.entries(sampleContexts[type] ?? {})
        .map(([key, value]) => contextBlock(key, asText(value)))
        .join('\n')
    const sizes = tasks.map(({ type, task }) => {
      const earlier = (task.dependencies ?? []).map(() => output(`${'Long line of text. '.repeat(20)}\n`.repeat(5)))
      return countTokens(write(task.system, `${blocks(type)}\n${earlier.join('\n')}`)) / (task.max_tokens ?? 512)
    })
    expect(sizes.length).toBeGreaterThan(10)
    expect(Math.max(...sizes)).toBeLessThan(1)
    expect(Math.min(...sizes)).toBeGreaterThan(0.05)
  })
})

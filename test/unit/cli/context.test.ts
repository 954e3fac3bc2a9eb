import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseContext, mainKeyOf, NOT_STATED, parseSetting } from '../../../src/cli/context.ts'
import { UsageError } from '../../../src/cli/errors.ts'
import { workflows } from '../../../workflows/index.ts'

const STAY = ['patient_data', 'admission_date', 'discharge_date']

describe('the context of a run', () => {
  test('is the file itself when it has the required keys', () => {
    const file = { patient_data: 'x', admission_date: 'a', discharge_date: 'b', allergies: 'none known' }
    expect(chooseContext(file, STAY, {})).toEqual({ context: file, notes: [] })
  })

  test('takes any other JSON whole as the main document and says which dates it lacks', () => {
    const file = { resourceType: 'Bundle', entry: [1] }
    expect(chooseContext(file, STAY, {})).toEqual({
      context: { patient_data: file, admission_date: NOT_STATED, discharge_date: NOT_STATED },
      notes: [
        'Taken whole as patient_data.',
        'Missing there, so given as "not stated": admission_date, discharge_date.',
      ],
    })
  })

  test('takes text, lists and numbers whole as well', () => {
    for (const content of ['A note.', ['one', 'two'], 7]) {
      expect(chooseContext(content, ['question'], {}).context).toEqual({ question: content })
    }
  })

  test('keeps the dates that a whole document states', () => {
    const file = { notes: 'n', admission_date: '2026-01-02', discharge_date: ' ' }
    expect(chooseContext(file, STAY, {}).context).toEqual({
      patient_data: file,
      admission_date: '2026-01-02',
      discharge_date: NOT_STATED,
    })
  })

  test('fills only what is missing when the file has the main document', () => {
    const file = { medications: { M1: 'furosemide' }, orders: 'o' }
    const { context, notes } = chooseContext(file, ['medications', 'patient_info'], {})
    expect(context).toEqual({ ...file, patient_info: NOT_STATED })
    expect(notes).toEqual(['Missing there, so given as "not stated": patient_info.'])
  })

  test('prefers values given one by one', () => {
    const { context, notes } = chooseContext('A stay.', STAY, { admission_date: '2026-01-02', discharge_date: 'open' })
    expect(context).toEqual({ patient_data: 'A stay.', admission_date: '2026-01-02', discharge_date: 'open' })
    expect(notes).toEqual(['Taken whole as patient_data.'])
  })

  test('is refused when the file holds nothing', () => {
    for (const nothing of ['', ' \n', null, {}, []]) expect(() => chooseContext(nothing, STAY, {})).toThrow(UsageError)
  })

  test('always has every required key and never loses the file', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(...workflows), (content, { context: shape }) => {
        const required = Object.keys(shape.shape)
        let chosen: ReturnType<typeof chooseContext>
        try {
          chosen = chooseContext(content, required, {})
        } catch (error) {
          return error instanceof UsageError
        }
        const main = mainKeyOf(required) as string
        const whole = chosen.context[main] === content
        const kept = typeof content === 'object' && content !== null && Object.hasOwn(content, main)
        return required.every((key) => Object.hasOwn(chosen.context, key)) && (whole || kept)
      }),
    )
  })
})

describe('the main document of a workflow', () => {
  test.each([
    ['discharge_summary', 'patient_data'],
    ['pharmacy_documentation', 'medications'],
    ['insurance_claim', 'patient_data'],
    ['lab_report', 'lab_results'],
    ['radiology_report', 'findings'],
    ['comprehensive_assessment', 'patient_case'],
    ['billing_with_justification', 'service'],
    ['parallel_qa', 'question'],
  ])('of %s is %s', (type, key) => {
    const workflow = workflows.find((candidate) => candidate.type === type)
    const shape = workflow?.context.shape ?? {}
    const required = Object.keys(shape).filter((name) => !shape[name]?.safeParse(undefined).success)
    expect(mainKeyOf(required)).toBe(key)
  })

  test('of an unknown workflow is the first required key that is no date', () => {
    expect(mainKeyOf(['visit_date', 'letter'])).toBe('letter')
    expect(mainKeyOf(['visit_date'])).toBe('visit_date')
    expect(mainKeyOf([])).toBeNull()
  })
})

describe('--set', () => {
  test('splits at the first equals sign', () => {
    expect(parseSetting('question=Is 1=1?')).toEqual(['question', 'Is 1=1?'])
    expect(parseSetting('note=')).toEqual(['note', ''])
  })

  test('without a key or an equals sign is refused', () => {
    for (const text of ['question', '=x', ' =x', '']) expect(() => parseSetting(text)).toThrow(UsageError)
  })
})

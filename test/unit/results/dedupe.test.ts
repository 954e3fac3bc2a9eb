import { describe, expect, test } from 'vitest'
import { removeDuplicates } from '../../../src/results/dedupe.ts'

const STAY =
  'The patient was admitted with community-acquired pneumonia, treated with ceftriaxone 1 g IV daily, and improved.'
const OWN = 'Principal diagnosis is coded as J18.9, pneumonia of unspecified organism, on the record as it stands.'

const clinical = (text: string) => ({ agent: 'Clinical', label: 'DISCHARGE SUMMARY', text })
const billing = (text: string) => ({ agent: 'Billing', label: 'BILLING INFORMATION', text })
const SAME = '[Same as under DISCHARGE SUMMARY.]'

describe('a paragraph that two agents wrote', () => {
  test('stays in the first answer; the second says where it stands and keeps its own text', () => {
    expect(removeDuplicates([clinical(STAY), billing(`${STAY}\n\n${OWN}`)])).toEqual({
      texts: [STAY, `${SAME}\n\n${OWN}`],
      removed: 1,
    })
  })

  test('leaves a line that says where it stands when it was the whole answer', () => {
    expect(removeDuplicates([clinical(STAY), billing(STAY)]).texts[1]).toBe(SAME)
  })

  test.each([
    [
      'capitals and markdown',
      `**The Patient** was admitted with community-acquired pneumonia, treated with ceftriaxone 1 g IV daily, and improved.`,
    ],
    ['other line breaks', STAY.replace(' treated', '\ntreated')],
    ['the comma before "and"', STAY.replace('daily, and', 'daily and')],
    ['no space between number and unit', STAY.replace('1 g', '1g')],
    ['filler words', STAY.replace('The patient', 'Additionally, patient')],
    ['hyphens in words', STAY.replace('community-acquired', 'community acquired')],
    ['a bullet', `- ${STAY}`],
  ])('is found in spite of %s', (_, variant) => {
    expect(removeDuplicates([clinical(STAY), billing(`${variant}\n\n${OWN}`)])).toMatchObject({ removed: 1 })
    expect(removeDuplicates([clinical(variant), billing(`${STAY}\n\n${OWN}`)])).toMatchObject({ removed: 1 })
  })

  test('several in a row leave one line', () => {
    const list = '- Aspirin 81 mg once daily\n- Metformin 500 mg twice daily\n- Lisinopril 10 mg once daily'
    const both = `${STAY}\n\n${list}`
    expect(removeDuplicates([clinical(both), billing(`${both}\n\n${OWN}`)])).toEqual({
      texts: [both, `${SAME}\n\n${OWN}`],
      removed: 2,
    })
  })

  test('in three answers stays once', () => {
    const qa = { agent: 'MedicalQA', label: 'Medical Assessment', text: STAY }
    expect(removeDuplicates([clinical(STAY), billing(STAY), qa])).toEqual({ texts: [STAY, SAME, SAME], removed: 2 })
  })

  test('is found with its heading among parts that no blank line separates', () => {
    const course = 'Hospital course:\n- Treated with ceftriaxone 1 g IV daily\n- Afebrile from day 3'
    const first = `Admission diagnosis:\n- Pneumonia\n${course}\nPrognosis:\n- Good`
    const second = `Codes:\n- J18.9\n${course}\nJustification:\n- As documented`
    expect(removeDuplicates([clinical(first), billing(second)]).texts[1]).toBe(
      `Codes:\n- J18.9\n${SAME}\nJustification:\n- As documented`,
    )
  })

  test('under the same heading is pointed to as above', () => {
    const other = { agent: 'Billing', label: 'DISCHARGE SUMMARY', text: STAY }
    expect(removeDuplicates([clinical(STAY), other]).texts[1]).toBe('[Same as above.]')
  })

  test('is found in Windows line ends', () => {
    const text = `${STAY}\r\n\r\n${OWN}`
    expect(removeDuplicates([clinical(text), billing(`${STAY}\r\n\r\nNothing else.`)]).removed).toBe(1)
  })
})

describe('what always stays', () => {
  test('a repetition within one answer', () => {
    const twice = `${STAY}\n\n${STAY}`
    expect(removeDuplicates([clinical(twice), billing(OWN)])).toEqual({ texts: [twice, OWN], removed: 0 })
  })

  test('a repetition by another task of the same agent', () => {
    expect(removeDuplicates([clinical(STAY), { ...clinical(STAY), label: 'OTHER' }, billing(OWN)]).removed).toBe(0)
  })

  test.each(['## Hospital course', 'Discharge medications:', 'No known drug allergies.', 'Not stated', 'Rest at home'])(
    'the short line "%s"',
    (line) => {
      const text = `${line}\n\n`
      expect(removeDuplicates([clinical(text + STAY), billing(text + OWN)]).removed).toBe(0)
    },
  )

  test('the heading of what follows a duplicate', () => {
    const before = `${STAY}\n**Family history:**\n\n`
    expect(removeDuplicates([clinical(`${before}None.`), billing(`${before}Diabetes.`)]).texts[1]).toBe(
      `${SAME}\n**Family history:**\n\nDiabetes.`,
    )
    const capitals = `${STAY}\nFAMILY HISTORY\n\n`
    expect(removeDuplicates([clinical(`${capitals}None.`), billing(`${capitals}Diabetes.`)]).removed).toBe(0)
  })

  test('a part whose own heading differs', () => {
    const list = '- Aspirin 81 mg once daily\n- Metformin 500 mg twice daily'
    expect(removeDuplicates([clinical(`Continue:\n${list}`), billing(`Stop taking:\n${list}`)]).removed).toBe(0)
  })

  test('equal words under headings that give them another meaning', () => {
    const sentence =
      'Breast cancer diagnosed at age 50, treated with mastectomy and adjuvant chemotherapy, in remission.'
    const own = `Past medical history\n\n${sentence}`
    const mother = `Family history\n\n${sentence}`
    expect(removeDuplicates([clinical(own), billing(mother)]).removed).toBe(0)
    expect(removeDuplicates([clinical(own), billing(own.replace('Past', '## Past'))]).removed).toBe(1)
  })

  test('equal words under headings that only name the topic differently are duplicates', () => {
    expect(removeDuplicates([clinical(`Summary\n\n${STAY}`), billing(`Assessment\n\n${STAY}`)]).texts[1]).toBe(
      `Assessment\n\n${SAME}`,
    )
  })

  test('a demographics block is a paragraph like any other', () => {
    const block = 'Patient: Jane Roe\nDate of birth: 1950-02-03\nRecord number: 4711\nWard: 3 West'
    expect(removeDuplicates([clinical(block), billing(block)]).removed).toBe(1)
  })
})

describe('cost', () => {
  test('texts of one agent only are given back untouched', () => {
    const sections = [clinical(STAY), clinical(STAY)]
    expect(removeDuplicates(sections)).toEqual({ texts: [STAY, STAY], removed: 0 })
    expect(removeDuplicates([])).toEqual({ texts: [], removed: 0 })
  })

  test('a thousand answers of two agents to the same question keep one paragraph of each kind', () => {
    const sections = Array.from({ length: 1000 }, (_, index) => ({
      agent: index % 2 ? 'Billing' : 'Clinical',
      label: `Part ${index}`,
      text: `${STAY}\n\nPart ${index} adds that the patient of bed ${index} was seen on the round today.`,
    }))
    // The 500 of the first agent stay: one agent's answers are never compared with each other.
    expect(removeDuplicates(sections).removed).toBe(500)
  })
})

import { describe, expect, test } from 'vitest'
import { deidentify } from '../../../src/routing/training/deidentify.ts'

const textOf = (text: string) => deidentify(text).text

describe('de-identification replaces', () => {
  test.each([
    ['mail to ana.ruiz@hospital.example today', 'mail to [EMAIL] today'],
    ['see https://his.example/p?mrn=123 please', 'see [URL] please'],
    ['MRN: A-48213 was admitted', 'MRN: [ID] was admitted'],
    ['MRN 123 was seen', 'MRN [ID] was seen'],
    ['nº historia clínica: 55123', 'nº historia clínica: [ID]'],
    ['DNI 12345678Z', 'DNI [ID]'],
    ['NHS number 943 476 5919', 'NHS number [ID]'],
    ['order 20261102-77', 'order [ID]'],
    ['SSN 078-05-1120', 'SSN [ID]'],
    ['sample AB123456', 'sample [ID]'],
    ['admitted 2026-11-02 at noon', 'admitted [DATE] at noon'],
    ['seen 02/11/2026 and 3.1.26', 'seen [DATE] and [DATE]'],
    ['on 2 November 2026, then on Nov 5th', 'on [DATE], then on [DATE]'],
    ['ingresó el 2 de noviembre de 2026', 'ingresó el [DATE]'],
    ['since March 2021', 'since [DATE]'],
    ['call +34 600 123 456 or (555) 123-4567', 'call [PHONE] or [PHONE]'],
    ['tel. 91 234 56 78', 'tel. [PHONE]'],
    ['lives at 12 Baker Street', 'lives at [ADDRESS]'],
    ['vive en calle Mayor 5', 'vive en [ADDRESS]'],
    ['a 94-year-old woman', 'a [AGE]-year-old woman'],
    ['varón de 91 años', 'varón de [AGE] años'],
    ["Dr. O'Brien and Mrs Jane van der Berg agree", 'Dr. [NAME] and Mrs [NAME] agree'],
    ['la Dra. Núñez y el Sr. García-López', 'la Dra. [NAME] y el Sr. [NAME]'],
    ['patient: Zbigniew Kowalski', 'patient: [NAME]'],
    ['se llama Aroa Etxeberria', 'se llama [NAME]'],
    ['John Smith has pneumonia; María de la Cruz too', '[NAME] has pneumonia; [NAME] too'],
  ])('%s', (text, expected) => {
    expect(textOf(text)).toBe(expected)
  })
})

describe('de-identification leaves', () => {
  test.each([
    'Hb 9.1, MCV 62, platelets 540, creatinine 1.4 mg/dL',
    'BP 120/80, pulse 94, 500 mg every 8 h for 10 days',
    'a 67-year-old woman, HAS-BLED 4, eGFR 22',
    'compare ESC 2023 and AHA/ACC 2025 on NSTEMI',
    'Write a function that parses HL7 v2.5.1 on port 2575',
    'Parkinson disease, Crohn disease: which drugs?',
    'the patient may need oxygen; record what is missing',
    'Summarise {{context.patient_data}} in 200 words',
  ])('%s', (text) => {
    expect(deidentify(text)).toMatchObject({ text })
  })
})

test('it counts what it has replaced, by kind', () => {
  const { replaced } = deidentify('Mr Jones, born 1950-01-02, seen 2026-11-02, jones@example.com')
  expect(replaced).toEqual({ EMAIL: 1, URL: 0, ID: 0, DATE: 2, PHONE: 0, AGE: 0, ADDRESS: 0, NAME: 1 })
})

// What the documentation says it cannot do: when it learns to, the documentation changes.
test.each(['Aroa went home', 'pneumonia in bed 12 of ward 3 east', 'JOHN SMITH', 'the mayor of Springfield'])(
  'it misses %s',
  (text) => {
    expect(textOf(text)).toBe(text)
  },
)

test.each([
  ['letters and digits', 'a1'.repeat(200_000)],
  ['digits and spaces', '1 '.repeat(200_000)],
  ['capitals', 'Ab '.repeat(130_000)],
  ['given names', 'John '.repeat(80_000)],
  ['an address without its end', `${'a.'.repeat(200_000)}@`],
  ['labels', 'mrn no no no '.repeat(30_000)],
  ['streets', '12 Aa Bb Cc '.repeat(30_000)],
])('a text made to be slow is not: %s', { timeout: 60_000 }, (_, text) => {
  expect(deidentify(text).text.length).toBeGreaterThan(0)
})
